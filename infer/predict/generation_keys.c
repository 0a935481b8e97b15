#include "infer/predict/generation_keys.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

typedef struct Row {
  const char *key;
  GenerationKey kind;
  double neutral; /* the number that asks for nothing; NAN: none does */
} Row;

/* The attributes of GenerationConfig (transformers 4 and 5, generation/configuration_utils.py). */
static const Row ROWS[] = {
    {"max_length", KEY_READ, NAN},
    {"max_new_tokens", KEY_READ, NAN},
    {"min_length", KEY_READ, 0},
    {"min_new_tokens", KEY_READ, 0},
    {"early_stopping", KEY_READ, NAN},
    {"num_beams", KEY_READ, 1},
    {"length_penalty", KEY_READ, 1},
    {"repetition_penalty", KEY_READ, 1},
    {"no_repeat_ngram_size", KEY_READ, 0},
    {"bad_words_ids", KEY_READ, NAN},
    {"forced_bos_token_id", KEY_READ, NAN},
    {"forced_eos_token_id", KEY_READ, NAN},
    {"suppress_tokens", KEY_READ, NAN},
    {"begin_suppress_tokens", KEY_READ, NAN},
    {"decoder_start_token_id", KEY_READ, NAN},
    {"eos_token_id", KEY_READ, NAN},
    {"temperature", KEY_SAMPLING, 1},
    {"top_k", KEY_SAMPLING, 50},
    {"top_p", KEY_SAMPLING, 1},
    {"min_p", KEY_SAMPLING, 0},
    {"top_h", KEY_SAMPLING, 0},
    {"typical_p", KEY_SAMPLING, 1},
    {"epsilon_cutoff", KEY_SAMPLING, 0},
    {"eta_cutoff", KEY_SAMPLING, 0},
    {"do_sample", KEY_REFUSED, 0},
    {"num_beam_groups", KEY_REFUSED, 1},
    {"diversity_penalty", KEY_REFUSED, 0},
    {"penalty_alpha", KEY_REFUSED, 0},
    {"constraints", KEY_REFUSED, 0},
    {"force_words_ids", KEY_REFUSED, 0},
    {"encoder_repetition_penalty", KEY_REFUSED, 1},
    {"encoder_no_repeat_ngram_size", KEY_REFUSED, 0},
    {"guidance_scale", KEY_REFUSED, 1},
    {"sequence_bias", KEY_REFUSED, 0},
    {"exponential_decay_length_penalty", KEY_REFUSED, 0},
    {"renormalize_logits", KEY_REFUSED, 0},
    {"watermarking_config", KEY_REFUSED, 0},
    {"dola_layers", KEY_REFUSED, 0},
    {"stop_strings", KEY_REFUSED, 0},
    {"max_time", KEY_REFUSED, 0},
    {"num_return_sequences", KEY_REFUSED, 1},
    {"token_healing", KEY_REFUSED, 0},
};

/* How a text is computed, and what comes beside it. */
static const char *const SILENT[] = {
    "use_cache",
    "cache_implementation",
    "cache_config",
    "max_cache_len",
    "remove_invalid_values",
    "output_attentions",
    "output_hidden_states",
    "output_scores",
    "output_logits",
    "return_dict_in_generate",
    "return_legacy_cache",
    "pad_token_id",
    "bos_token_id",
    "transformers_version",
    "_from_model_config",
    "_commit_hash",
    "is_assistant",
    "num_assistant_tokens",
    "num_assistant_tokens_schedule",
    "assistant_confidence_threshold",
    "assistant_early_exit",
    "assistant_lookbehind",
    "assistant_ensemble_weight",
    "target_lookbehind",
    "prompt_lookup_num_tokens",
    "max_matching_ngram_size",
    "speculation_type",
    "use_mtp",
    "compile_config",
    "disable_compile",
    "continuous_batching_config",
    "low_memory",
    "prefill_chunk_size",
    "generation_kwargs",
    "trust_remote_code",
};

static const Row *find_row(const char *key) {
  for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
    if (strcmp(ROWS[i].key, key) == 0) return &ROWS[i];
  }
  return NULL;
}

GenerationKey generation_key(const char *key) {
  const Row *row = find_row(key);
  if (row) return row->kind;
  for (size_t i = 0; i < sizeof SILENT / sizeof *SILENT; i++) {
    if (strcmp(SILENT[i], key) == 0) return KEY_SILENT;
  }
  return KEY_UNKNOWN;
}

bool generation_key_is_off(const char *key, const json_t *value) {
  const Row *row = find_row(key);
  return !value || json_is_null(value) || json_is_false(value) ||
         (json_is_array(value) && json_array_size(value) == 0) ||
         (json_is_object(value) && json_object_size(value) == 0) ||
         (row && json_is_number(value) && json_number_value(value) == row->neutral);
}
