// SentencePiece is a C++ library: this is the one C++ file of the tree.
#include <sentencepiece_processor.h>
#include <sentencepiece_trainer.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>
#include <new>
#include <string>
#include <unordered_map>
#include <vector>

extern "C" {
#include "data/tokenizer/tokenizer_sp.h"
}

// SentencePiece logs to stderr. Its library exports this switch; its headers leave it out.
namespace sentencepiece::logging {
void SetMinLogLevel(int level);
}

namespace sp = sentencepiece;

namespace {

constexpr int kFatalOnly = 3;
constexpr int kMetaPieces = 3;         // pad, eos, unk
constexpr int kCharacters = 0x110000;  // of Unicode

Status failure(const sp::util::Status &cause, Status status, const char *where, Error *err) {
  return error_set(err, status, "%s: SentencePiece: %s", where, cause.ToString().c_str());
}

// The number behind a word of a message; -1: the message has no such word.
int64_t number_behind(const std::string &text, const char *word) {
  size_t at = text.find(word);
  return at == std::string::npos ? -1 : std::atoll(text.c_str() + at + std::strlen(word));
}

// The library says a bound in one of two messages, and looks for it only as it trains.
Status refuse_pieces(const sp::util::Status &cause, int32_t pieces, const char *where, Error *err) {
  const std::string text = cause.ToString();
  int64_t most = number_behind(text, "set it to a value <= ");
  int64_t least =
      text.find("required_chars") == std::string::npos ? -1 : number_behind(text, " vs ");
  if (most >= 0) {
    return error_set(
        err, STATUS_USAGE,
        "%s: is %d, and the texts give %lld pieces at most; lower it, or take more text", where,
        pieces, static_cast<long long>(most));
  }
  if (least >= 0) {
    return error_set(err, STATUS_USAGE,
                     "%s: is %d, and the characters of the texts alone are %lld pieces; raise it",
                     where, pieces, static_cast<long long>(least));
  }
  return failure(cause, STATUS_USAGE, where, err);
}

// Runs a body that returns a Status; an exception becomes a failure.
template <typename Body>
Status guarded(const char *where, Status status, Error *err, Body body) {
  try {
    return body();
  } catch (const std::bad_alloc &) {
    return error_set(err, STATUS_RUN, "%s: out of memory", where);
  } catch (const std::exception &e) {
    return error_set(err, status, "%s: SentencePiece: %s", where, e.what());
  } catch (...) {
    return error_set(err, status, "%s: SentencePiece failed", where);
  }
}

// A copy made by malloc, with a NUL behind it.
char *copy_bytes(const void *data, size_t size) {
  char *copy = static_cast<char *>(std::malloc(size + 1));
  if (!copy) throw std::bad_alloc();
  if (size) std::memcpy(copy, data, size);
  copy[size] = '\0';
  return copy;
}

class Texts : public sp::SentenceIterator {
 public:
  Texts(const char *const *texts, size_t count) : texts_(texts), count_(count) { load(); }
  bool done() const override { return at_ == count_; }
  void Next() override {
    ++at_;
    load();
  }
  const std::string &value() const override { return value_; }
  sp::util::Status status() const override { return sp::util::Status(); }

 private:
  void load() {
    if (at_ < count_) value_ = texts_[at_];
  }
  const char *const *texts_;
  size_t count_, at_ = 0;
  std::string value_;
};

sp::util::Status train(const char *const *texts, size_t count, const char *type, int32_t pieces,
                       std::string *model) {
  Texts sentences(texts, count);
  return sp::SentencePieceTrainer::Train(
      {{"model_type", type},
       {"vocab_size", std::to_string(pieces)},
       {"hard_vocab_limit", std::strcmp(type, "char") == 0 ? "false" : "true"},
       {"pad_id", "0"},
       {"eos_id", "1"},
       {"unk_id", "2"},
       {"bos_id", "-1"},
       {"character_coverage", "1.0"},
       {"normalization_rule_name", "nmt_nfkc"},
       {"num_threads", "1"},
       {"max_sentence_length", "1073741824"},
       {"minloglevel", std::to_string(kFatalOnly)}},
      &sentences, model);
}

int piece_count(const std::string &model) {
  sp::SentencePieceProcessor processor;
  return processor.LoadFromSerializedProto(model).ok() ? processor.GetPieceSize() : 0;
}

}  // namespace

void sp_on_no_memory(void (*end)(void)) {
  std::set_new_handler(end);
}

Status sp_train(const char *const *texts, size_t count, int32_t pieces, const char *where,
                char **model, size_t *size, Error *err) {
  *model = nullptr;
  return guarded(where, STATUS_USAGE, err, [&] {
    // The characters alone first: the unigram trainer aborts the program when the texts hold none.
    std::string trained;
    auto status = train(texts, count, "char", kCharacters, &trained);
    if (!status.ok()) return failure(status, STATUS_USAGE, where, err);
    if (piece_count(trained) <= kMetaPieces) {
      return error_set(err, STATUS_USAGE, "%s: the texts hold no characters", where);
    }
    status = train(texts, count, "unigram", pieces, &trained);
    if (!status.ok()) return refuse_pieces(status, pieces, where, err);
    *model = copy_bytes(trained.data(), trained.size());
    *size = trained.size();
    return STATUS_OK;
  });
}
