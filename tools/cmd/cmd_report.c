/* skein report: what runs found, as one page. */
#include "tools/cmd/commands.h"
#include "tools/report/report_page.h"
#include "tools/shell/arguments.h"
#include "tools/shell/console.h"

#define AT(field) offsetof(ReportRequest, field)

static const Argument ROWS[] = {
    {"output", 'o', ARGUMENT_TEXT, .offset = AT(output), .value = "FILE"},
    {"title", .type = ARGUMENT_TEXT, .offset = AT(title), .value = "TEXT"},
    {"force", .type = ARGUMENT_SWITCH, .offset = AT(force)},
};
static const ArgumentTable ARGUMENTS = {ROWS, sizeof ROWS / sizeof *ROWS};

static int run_report(int argc, char **argv, Error *err) {
  ReportRequest request = {0};
  TRY(arguments_read(&ARGUMENTS, 0, &request, NULL, argc, argv, err));
  TRY(command_operands(argc, argv, 1, argc, "a RUN or several", err));
  if (!request.output)
    return error_set(err, STATUS_USAGE, "report: -o FILE is missing, as in -o report.html");
  request.run = argv + optind;
  request.runs = argc - optind;
  TRY(report_write(&request, err));
  console_say("%s: a page of %d run%s", request.output, request.runs, request.runs == 1 ? "" : "s");
  return STATUS_OK;
}

const Command command_report = {
    .name = "report",
    .summary = "runs as one page of HTML: tables, figures, traces, records",
    .usage =
        "Examples:\n"
        "  skein report runs/eval -o report.html\n"
        "  skein report runs/gate runs/eval runs/ablate trace.json -o report.html --title 'My "
        "study'\n"
        "\n"
        "Usage: skein report RUN... -o FILE [--title TEXT] [--force]\n"
        "\n"
        "One page that needs nothing else: no network, no other file. A RUN is\n"
        "  the folder of skein eval     results by group with intervals, tables, routing by task\n"
        "                               and by module, the record of what was evaluated\n"
        "  the folder of skein ablate   score against every axis, tables\n"
        "  the folder of skein train    loss, openness of gates, its report and settings\n"
        "  a file of --trace            an item token by token, of skein score or generate\n"
        "  a file of --stats            routing by module, of the same commands\n"
        "A pointer over a point, a cell or a token shows its numbers. The same runs make the same\n"
        "bytes: times, and folders of absolute paths, are not in the page.\n"
        "\n"
        "  -o, --output FILE   the page, whole or not at all\n"
        "      --title TEXT    its heading [skein report]\n"
        "      --force         replace a file of this name\n",
    .run = run_report,
    .arguments = &ARGUMENTS,
};
