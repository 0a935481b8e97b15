/* skein help routers: every method of routing, from the table of methods. */
#include <stdio.h>

#include "infer/merge/merge_settings.h"
#include "infer/route/route_labels.h"
#include "infer/route/router_options.h"
#include "tools/cmd/commands.h"
#include "tools/cmd/help_routers.h"

static const char about[] =
    "Routers: where each token, at each module, goes to. `router: NAME` chooses one, in skein "
    "score,\n"
    "generate, eval and ablate; skein help score lists the settings with their defaults, skein\n"
    "methods finds methods by what they need and by their labels, and what a pool allows.\n"
    "\n"
    "The labels are those of Yadav et al. 2024, A survey on model MoErging (arXiv 2408.07057):\n"
    "training and data of experts; data, input and depth of routing, selection and aggregation of\n"
    "experts; generalization; data of the user.\n";

static void print_settings(const RouteMethod *m) {
  const char *between = "      settings: ";
  for (int i = 0; i < ROUTER_SHARED; i++) {
    if (!(m->uses & 1U << i)) continue;
    printf("%s%s", between, router_shared_key(i));
    between = ", ";
  }
  for (const SettingsGroup *const *own = m->own; *own; own++) {
    for (size_t i = 0; i < (*own)->count; i++) {
      printf("%s%s", between, (*own)->table[i].key);
      between = ", ";
    }
  }
  if (m->over) printf("%sthose of the method that it stands over", between);
  puts(between[0] == ',' ? "" : "      settings: none");
}

static void print_reads(const RouteMethod *m) {
  printf("      reads: %s", m->reads & READS_POOL ? "the experts" : "nothing of a pool");
  for (int i = 0; i < ROUTE_NEEDS; i++)
    if (route_needs(m->reads, i)) printf(", %s", route_need(i)->words);
  puts(m->over ? ", what the method that it stands over reads" : "");
}

static void print_labels(const RouteMethod *m) {
  printf("      labels: ");
  for (int i = 0; i < ROUTE_LABELS; i++) printf("%s%s", i ? ", " : "", route_label_value(m, i));
  putchar('\n');
}

static const char about_merges[] =
    "\nMerges: the `merge.method` of router merged, and the --method of skein pool merge. Each is\n"
    "of the updates of the experts at a module.\n\n";

static void print_merges(void) {
  fputs(about_merges, stdout);
  for (int i = 0; i < merge_method_count(); i++)
    printf("  %-18s %s\n%21s%s\n", merge_method_name(i), merge_method_help(i), "",
           merge_method_source(i));
}

void help_router(const RouteMethod *m) {
  printf("\n  %-18s %s\n", m->name, m->help);
  print_reads(m);
  print_settings(m);
  print_labels(m);
  if (*m->source) printf("      %s\n", m->source);
}

void help_routers(void) {
  fputs(about, stdout);
  for (int i = 0; i < route_method_count(); i++) help_router(route_method(i));
  print_merges();
}
