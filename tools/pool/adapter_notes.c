#include "tools/pool/adapter_notes.h"

#include "infer/adapter/peft_config.h"
#include "tools/shell/console.h"

void adapter_notes_say(const char *dir) {
  PeftConfig config = {0};
  Error unsaid = {0};
  bool read = peft_config_read(&config, dir, &unsaid) == STATUS_OK;
  for (int i = 0; read && i < config.notes; i++) {
    console_note(NULL, "skein: %s: %s", config.path, config.note[i]);
  }
  peft_config_free(&config);
}
