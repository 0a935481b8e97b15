# Task x expert, means over modules; one panel, or two methods and their difference. Columns of the
# data: row, task, group, column, expert, mark, then a column a panel. The cell of a task's own
# expert has a frame, that of the expert which an oracle chose a dashed one.
cell_w = panels * experts <= 36 ? 30 : experts <= 60 ? (panels > 1 ? 13 : 17) : 800.0 / experts
cell_h = max(rows <= 14 ? 22 : rows <= 60 ? 16 : 960.0 / rows, 120.0 / rows)
left = 24 + 5.7 * task_longest + (group_longest ? 14 + 6.4 * group_longest : 0)
bottom = 20 + 5.7 * expert_longest
top = panels > 1 ? 84 : 62
wide = cell_w * experts
gap = 22
bar = 92
panel_x(p) = left + (p - 1) * (wide + gap) + (p == 3 ? bar - 10 : 0)
w = max(panel_x(panels) + wide + bar, title_width)
h = top + cell_h * rows + bottom
step_x = stride(experts, cell_w)
step_y = stride(rows, cell_h)
px(x) = x / (w + 0.0)
py(y) = 1 - y / (h + 0.0)
reach = 1
if (panels > 1) {
  stats data using 9 name "difference" nooutput
  reach = max(max(abs(difference_min), abs(difference_max)), 1e-9)
}
frame(tag, x, y, p, dash) = p == 3 ? frame_on_balanced(tag, x, y, dash) : frame_on_sequential(tag, x, y, dash)
side_name(p, g) = p == 1 ? group[g] : ""
panel_name(p) = p < 3 ? panel[p] : panel[1]." minus ".panel[2]

do for [format in "png svg"] {
  eval terminal(format, w, h)
  set output figure.".".format
  set multiplot
  do for [p=1:panels] {
    set label 1 (p == 1 ? heading : "") at screen px(12),py(20) font "sans Bold,13" textcolor rgb "#202020"
    set label 2 (p == 1 ? subtitle : "") at screen px(12),py(40) textcolor rgb "#505050"
    set label 3 (panels > 1 ? panel_name(p) : "") at graph 0, screen py(top - 12) textcolor rgb "#202020"
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
    do for [g=1:groups] {
      set label 10 + g side_name(p, g) at screen px(14), first group_first[g] \
        font "sans,10" textcolor rgb "#505050"
      if (g > 1) {
        set arrow 2 * g from graph 0, first group_first[g] - 0.5 to graph 1, first group_first[g] - 0.5 \
          nohead front linecolor rgb (p == 3 ? "#606060" : "white") linewidth 2
        set arrow 2 * g + 1 from screen px(14), first group_first[g] - 0.5 \
          to screen px(left), first group_first[g] - 0.5 nohead linecolor rgb "#909090" linewidth 0.8
      }
    }
    do for [i=1:rows] {
      if (own[i] >= 0) { eval frame(4 * i, own[i], i - 1, p, "solid") }
      if (oracle[i] >= 0) { eval frame(4 * i + 2, oracle[i], i - 1, p, "(4,2.5)") }
    }
    eval p == 3 ? balanced(reach) : sequential
    set cblabel (p == 3 ? "difference" : statistic) font "sans,10" textcolor rgb "#202020"
    set colorbox user origin screen px(panel_x(p) + wide + 14), py(top + min(cell_h * rows, 260)) \
      size screen 14.0 / w, min(cell_h * rows, 260) / (h + 0.0)
    if (p == 1 && panels > 1) { unset colorbox }
    value = sprintf("$%d", 6 + p)
    ink = p == 3 ? "on_balanced($9, reach)" : "on_sequential(".value.")"
    eval "plot data ".cells(format, 4, 1, value, experts, rows). \
      (has_room(cell_w, cell_h) ? numbers(4, 1, value, ink, "") : "")
  }
  unset multiplot
  unset output
}
