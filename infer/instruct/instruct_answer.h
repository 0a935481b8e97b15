/* instruct_answer: what a language model says in an answer of /chat/completions.
 *
 * OpenAI's API has the text at choices[0].message.content. What others put there, or beside it:
 *
 *   WHAT                                         FROM                     IS READ AS
 *   content: a list of {"type": "text", "text"}  Mistral, gateways        the texts, one behind the
 *     parts, others beside them                                           other; other parts are
 *                                                                         no answer
 *   <think> ... </think> before the answer       R1 and Qwen3 where the   thoughts: the answer is
 *                                                server leaves them in    what comes behind
 *   reasoning_content, reasoning                 vLLM, llama.cpp, Ollama  thoughts, which are not read
 *   no content; refusal, tool_calls or thoughts  all                      no answer, and why
 *   finish_reason: length, content_filter        all                      an answer that is cut off
 */
#ifndef SKEIN_INSTRUCT_ANSWER_H
#define SKEIN_INSTRUCT_ANSWER_H

#include "data/net/endpoint.h"
#include "infer/instruct/instruct_check.h"

/* *text: the answer trimmed, the caller's. Where there is none it is "", and where it is cut off what
 * there is of it, and `why` says why; else `why` is "". STATUS_ENDPOINT for what is no answer of
 * /chat/completions. */
Status instruct_answer(const Endpoint *e, const JsonDoc *doc, char **text, char why[INSTRUCT_WHY],
                       Error *err);

#endif
