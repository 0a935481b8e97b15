#include "tools/manual/man_page.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

/* A line of the help, without its newline. */
typedef struct Line {
  const char *text;
  size_t size, indent; /* bytes; blanks before the first other one, `size` of a blank line */
} Line;

static Line line_at(const char *text) {
  Line line = {text, strcspn(text, "\n"), 0};
  while (line.indent < line.size && text[line.indent] == ' ') line.indent++;
  return line;
}

static const char *behind(Line line) {
  return line.text + line.size + (line.text[line.size] == '\n');
}

static bool is_blank(Line line) {
  return line.indent == line.size;
}

static bool begins_with(Line line, const char *word) {
  return line.size >= strlen(word) && memcmp(line.text, word, strlen(word)) == 0;
}

/* ---- roff ---- */

/* A byte that roff would read as something else than itself. */
static const char *escape_of(char c) {
  switch (c) {
    case '\\':
      return "\\(rs";
    case '-':
      return "\\-";
    case '\'':
      return "\\(aq";
    case '"':
      return "\\(dq";
    case '`':
      return "\\(ga";
    case '^':
      return "\\(ha";
    case '~':
      return "\\(ti";
    default:
      return NULL;
  }
}

static void put_text(const char *text, size_t size, FILE *out) {
  for (size_t i = 0; i < size; i++) {
    const char *escape = escape_of(text[i]);
    if (escape) {
      fputs(escape, out);
    } else {
      fputc(text[i], out);
    }
  }
}

/* A line of text, at whose begin a '.' is no request. */
static void put_line(const char *text, size_t size, FILE *out) {
  if (size > 0 && (text[0] == '.' || text[0] == '\'')) fputs("\\&", out);
  put_text(text, size, out);
  fputc('\n', out);
}

static void put_section(const char *title, size_t size, FILE *out) {
  fputs(".SH \"", out);
  for (size_t i = 0; i < size; i++) fputc(toupper((unsigned char)title[i]), out);
  fputs("\"\n", out);
}

/* ---- parts of blocks ---- */

static bool is_option(Line line) {
  return line.indent >= 2 && line.indent < line.size && line.text[line.indent] == '-';
}

/* A setting ends in its type, and what it is stands below. */
static bool is_setting(Line line) {
  return line.indent == 2 && line.size > 3 && line.text[line.size - 1] == ')' &&
         memchr(line.text, ':', line.size) && line_at(behind(line)).indent == 6;
}

/* Where the text behind an option begins, or the end of the line: two blanks part them. */
static size_t find_gap(Line line) {
  for (size_t i = line.indent; i + 1 < line.size; i++) {
    if (line.text[i] == ' ' && line.text[i + 1] == ' ') return i;
  }
  return line.size;
}

/* An item with a tag, and the lines below that are indented further and are none themselves. */
static const char *put_item(Line line, size_t tag, FILE *out) {
  size_t indent = line.indent, text = tag;
  fputs(".TP\n.B ", out);
  put_line(line.text + indent, tag - indent, out);
  while (text < line.size && line.text[text] == ' ') text++;
  if (text < line.size) put_line(line.text + text, line.size - text, out);
  const char *at = behind(line);
  for (line = line_at(at); !is_blank(line) && line.indent > indent && !is_option(line);
       line = line_at(at)) {
    put_line(line.text + line.indent, line.size - line.indent, out);
    at = behind(line);
  }
  return at;
}

/* Lines as they are, up to one that is something else. */
static const char *put_verbatim(const char *at, FILE *out) {
  Line line = line_at(at);
  fputs(".PP\n.nf\n", out);
  for (; !is_blank(line) && line.indent > 0 && !is_option(line) && !is_setting(line);
       line = line_at(at)) {
    put_line(line.text, line.size, out);
    at = behind(line);
  }
  fputs(".fi\n", out);
  return at;
}

static const char *put_paragraph(const char *at, FILE *out) {
  Line line = line_at(at);
  fputs(".PP\n", out);
  for (; !is_blank(line) && line.indent == 0; line = line_at(at)) {
    put_line(line.text, line.size, out);
    at = behind(line);
  }
  return at;
}

/* What is left of a block, line by line. */
static void put_parts(const char *at, FILE *out) {
  for (Line line = line_at(at); !is_blank(line); line = line_at(at)) {
    if (is_option(line)) {
      at = put_item(line, find_gap(line), out);
    } else if (is_setting(line)) {
      at = put_item(line, line.size, out);
    } else {
      at = line.indent > 0 ? put_verbatim(at, out) : put_paragraph(at, out);
    }
  }
}

/* ---- blocks ---- */

typedef enum Kind { EXAMPLES, SYNOPSIS, BODY } Kind;

static Kind kind_of(Line first) {
  if (begins_with(first, "Examples:")) return EXAMPLES;
  return begins_with(first, "Usage:") ? SYNOPSIS : BODY;
}

/* A short line that ends in a colon before lines that are indented. */
static bool is_title(Line line) {
  enum { SIZE_MOST = 40 };
  if (line.size < 2 || line.size > SIZE_MOST || line.text[line.size - 1] != ':' ||
      !isupper((unsigned char)line.text[0]))
    return false;
  Line next = line_at(behind(line));
  if (is_blank(next)) next = line_at(behind(next));
  return next.indent > 0;
}

/* The words behind "Usage:" are a line, too, and those that stand below are set back as far. */
static void put_usage(const char *at, FILE *out) {
  Line line = line_at(at);
  size_t word = strlen("Usage: "), back = line.size > word ? word : 2;
  fputs(".nf\n", out);
  if (line.size <= word) at = behind(line);
  for (line = line_at(at); !is_blank(line); line = line_at(at)) {
    size_t from = back < line.size ? back : line.size;
    put_line(line.text + from, line.size - from, out);
    at = behind(line);
  }
  fputs(".fi\n", out);
}

static void put_block(const ManPage *page, const char *at, Kind kind, FILE *out) {
  Line first = line_at(at);
  size_t name = strcspn(at, ":");
  if (kind == SYNOPSIS) {
    put_usage(at, out);
  } else if (kind == EXAMPLES) {
    put_parts(behind(first), out);
  } else if (is_title(first)) {
    put_section(first.text, first.size - 1, out);
    put_parts(behind(first), out);
  } else if (begins_with(first, page->program) && name < first.size && at[name + 1] == ' ' &&
             name <= strlen(page->name)) {
    put_parts(at + name + 2, out); /* "skein train: ": the page says it already */
  } else {
    put_parts(at, out);
  }
}

static const char *skip_block(const char *at) {
  while (!is_blank(line_at(at))) at = behind(line_at(at));
  return at;
}

/* Writes the blocks of one kind, under a heading where there are any. */
static void put_blocks(const ManPage *page, const char *help, Kind kind, const char *heading,
                       FILE *out) {
  bool begun = false;
  for (const char *at = help; *at; at = skip_block(at)) {
    Line first = line_at(at);
    while (*at && is_blank(first)) first = line_at(at = behind(first));
    if (!*at) return;
    if (kind_of(first) != kind) continue;
    if (!begun) put_section(heading, strlen(heading), out);
    begun = true;
    put_block(page, at, kind, out);
  }
}

/* ---- the page ---- */

void man_page_write(const ManPage *page, const char *help, FILE *out) {
  fputs(".TH ", out);
  for (const char *c = page->name; *c; c++) fputc(toupper((unsigned char)*c), out);
  fprintf(out, " 1 \"\" \"%s ", page->program);
  put_text(page->version, strlen(page->version), out);
  fputs("\"\n.SH NAME\n", out);
  put_text(page->name, strlen(page->name), out);
  fputs(" \\- ", out);
  put_line(page->summary, strlen(page->summary), out);
  put_blocks(page, help, SYNOPSIS, "Synopsis", out);
  put_blocks(page, help, BODY, "Description", out);
  put_blocks(page, help, EXAMPLES, "Examples", out);
}
