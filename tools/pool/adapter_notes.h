/* adapter_notes: what a PEFT adapter is not taken at its word for. For those who take one in. */
#ifndef SKEIN_ADAPTER_NOTES_H
#define SKEIN_ADAPTER_NOTES_H

/* A line on stderr for each note of the LoRA in `dir` (infer/adapter/peft_config.h); none where it
 * cannot be read, which its opening says. */
void adapter_notes_say(const char *dir);

#endif
