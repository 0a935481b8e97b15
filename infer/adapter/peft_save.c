#include "infer/adapter/peft_save.h"

#include <stdlib.h>
#include <string.h>

#include "data/file/file.h"
#include "data/file/path.h"
#include "data/text/json.h"
#include "data/text/utf8.h"

json_t *peft_config_new(const char *peft_type, const char *base_name) {
  json_t *config = json_object();
  json_put(&config, "peft_type", json_string(peft_type));
  json_put(&config, "task_type", json_string("SEQ_2_SEQ_LM"));
  json_put(&config, "base_model_name_or_path", json_string(base_name));
  json_put(&config, "inference_mode", json_true());
  return config;
}

static Status write_tensors(const char *dir, const SafetensorsItem *items, size_t n, Error *err) {
  TensorMeta meta = {"format", "pt"}; /* as PEFT writes */
  char *path = path_join(dir, "adapter_model.safetensors");
  Status status = path ? safetensors_write(path, items, n, &meta, 1, err)
                       : error_set(err, STATUS_RUN, "%s: out of memory", dir);
  free(path);
  return status;
}

static Status write_config(const char *dir, const json_t *config, Error *err) {
  char *path = path_join(dir, "adapter_config.json");
  Status status = path ? json_write_file(config, path, err)
                       : error_set(err, STATUS_RUN, "%s: out of memory", dir);
  free(path);
  return status;
}

static Status write_files(const char *dir, const char *base_name, const SafetensorsItem *items,
                          size_t n, const json_t *config, Error *err) {
  if (base_name[utf8_valid(base_name, strlen(base_name))]) {
    return error_set(err, STATUS_USAGE, "%s: the name of the base, \"%s\", is not valid UTF-8", dir,
                     base_name);
  }
  if (!items || !config) return error_set(err, STATUS_RUN, "%s: out of memory", dir);
  for (size_t i = 0; i < n; i++)
    if (!items[i].name) return error_set(err, STATUS_RUN, "%s: out of memory", dir);
  TRY(dir_make(dir, err));
  TRY(write_tensors(dir, items, n, err));
  return write_config(dir, config, err);
}

Status peft_save(const char *dir, const char *base_name, SafetensorsItem *items, size_t n,
                 json_t *config, Error *err) {
  Status status = write_files(dir, base_name, items, n, config, err);
  for (size_t i = 0; items && i < n; i++) free((char *)(uintptr_t)items[i].name);
  free(items);
  json_decref(config);
  return status;
}
