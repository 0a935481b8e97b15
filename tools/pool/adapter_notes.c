#include "tools/pool/adapter_notes.h"

#include "infer/expert/lora_config.h"
#include "tools/shell/console.h"

void adapter_notes_say(const char *dir) {
  LoraConfig config = {0};
  Error unsaid = {0};
  bool read = lora_config_read(&config, dir, &unsaid) == STATUS_OK;
  for (int i = 0; read && i < config.notes; i++) {
    console_note(NULL, "skein: %s: %s", config.path, config.note[i]);
  }
  lora_config_free(&config);
}
