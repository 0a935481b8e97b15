# Task x expert, means over modules; one panel, or two methods and their difference. Columns of the
# data: row, task, column, expert, then a column a panel. The cell of a task's own expert has a
# frame; tasks from row `held_in` on have none.
cell = max(experts, rows) <= 14 ? 30 : max(experts, rows) <= 60 ? (panels > 1 ? 13 : 17) : 800.0 / max(experts, rows)
cell_h = max(cell, 120.0 / rows)
left = 24 + 5.7 * task_longest
bottom = 20 + 5.7 * expert_longest
top = panels > 1 ? 84 : 62
wide = cell * experts
gap = 22
bar = 92
panel_x(p) = left + (p - 1) * (wide + gap) + (p == 3 ? bar - 10 : 0)
w = max(panel_x(panels) + wide + bar, title_width)
h = top + cell_h * rows + bottom
step_x = stride(experts, cell)
step_y = stride(rows, cell_h)
px(x) = x / (w + 0.0)
py(y) = 1 - y / (h + 0.0)
stats data using 5 name "first" nooutput
largest = first_max
spread = 0
if (panels > 1) {
  stats data using 6 name "second" nooutput
  stats data using 7 name "third" nooutput
  largest = max(largest, second_max)
  spread = max(abs(third_min), abs(third_max))
}

do for [format in "png svg"] {
  eval terminal(format, w, h)
  set output figure.".".format
  set multiplot
  do for [p=1:panels] {
    set label 1 (p == 1 ? heading : "") at screen px(12),py(20) font "sans Bold,13" textcolor rgb "#202020"
    set label 2 (p == 1 ? subtitle : "") at screen px(12),py(40) textcolor rgb "#505050"
    set label 3 (panels > 1 ? panel[p] : "") at graph 0, screen py(top - 12) textcolor rgb "#202020"
    set lmargin at screen px(panel_x(p))
    set rmargin at screen px(panel_x(p) + wide)
    set tmargin at screen py(top)
    set bmargin at screen py(top + cell_h * rows)
    set xrange [-0.5:experts - 0.5]
    set yrange [rows - 0.5:-0.5]
    set xtics () rotate by 90 right font "sans,9"
    do for [i=1:experts:step_x] { set xtics add (expert[i] i - 1) }
    set ytics ("" -9) font "sans,9"
    if (p == 1) { do for [i=1:rows:step_y] { set ytics add (task[i] i - 1) } }
    if (held_in > 0 && held_in < rows) {
      set arrow 1 from graph (p == 1 ? -0.02 : 0), first held_in - 0.5 to graph 1, first held_in - 0.5 \
        nohead front linecolor rgb (p == 3 ? "#606060" : "white") linewidth 2
    }
    do for [i=1:rows] {
      if (own[i] >= 0) {
        set object i rectangle center first own[i], first i - 1 size first 0.94, first 0.94 front \
          fillstyle empty border linecolor rgb (p == 3 ? "#404040" : "white") linewidth 0.8
      }
    }
    eval "set palette defined (".(p == 3 ? diverging : viridis).")"
    if (p == 3) { set cbrange [-spread:spread] } else { set cbrange [0:largest] }
    set cbtics font "sans,9"
    set cblabel (p == 3 ? "difference" : statistic) font "sans,10" textcolor rgb "#202020"
    set colorbox user origin screen px(panel_x(p) + wide + 14), py(top + min(cell_h * rows, 260)) \
      size screen 14.0 / w, min(cell_h * rows, 260) / (h + 0.0)
    if (p == 1 && panels > 1) { unset colorbox }
    eval "plot data ".cells(format, 3, 1, sprintf("$%d", 4 + p), experts, rows)
  }
  unset multiplot
  unset output
}
