# A pool: expert x expert, how alike their gates and their updates are. Columns of the data: row,
# expert, column, other, gate, update. An expert beside itself, and two
# that share no module, are left blank.
cell = experts <= 14 ? max(30, 120.0 / experts) : experts <= 60 ? 14 : 800.0 / experts
left = 24 + 5.7 * expert_longest
bottom = 20 + 5.7 * expert_longest
top = 84
wide = cell * experts
bar = 92
panel_x(p) = left + (p - 1) * (wide + bar)
w = max(panel_x(2) + wide + bar, title_width)
h = top + wide + bottom
step = stride(experts, cell)
px(x) = x / (w + 0.0)
py(y) = 1 - y / (h + 0.0)
# A heat map needs every cell: a blank one is a number that is none, not a point that is missing.
set datafile missing
array panel[2] = ["cosine of gate vectors", "cosine of dense LoRA updates BA"]

do for [format in "png svg"] {
  eval terminal(format, w, h)
  set output figure.".".format
  set multiplot
  do for [p=1:2] {
    set label 1 (p == 1 ? heading : "") at screen px(12),py(20) font "sans Bold,13" textcolor rgb "#202020"
    set label 2 (p == 1 ? subtitle : "") at screen px(12),py(40) textcolor rgb "#505050"
    set label 3 panel[p] at graph 0, screen py(top - 12) textcolor rgb "#202020"
    set lmargin at screen px(panel_x(p))
    set rmargin at screen px(panel_x(p) + wide)
    set tmargin at screen py(top)
    set bmargin at screen py(top + wide)
    set xrange [-0.5:experts - 0.5]
    set yrange [experts - 0.5:-0.5]
    set xtics () rotate by 90 right font "sans,9"
    do for [i=1:experts:step] { set xtics add (expert[i] i - 1) }
    set ytics ("" -9) font "sans,9"
    if (p == 1) { do for [i=1:experts:step] { set ytics add (expert[i] i - 1) } }
    eval balanced(reach[p])
    set cblabel "mean over modules" font "sans,10" textcolor rgb "#202020"
    set colorbox user origin screen px(panel_x(p) + wide + 14), py(top + min(wide, 260)) \
      size screen 14.0 / w, min(wide, 260) / (h + 0.0)
    set object 1 rectangle from graph 0,0 to graph 1,1 behind fillcolor rgb "#D8D8D8" fillstyle solid noborder
    value = sprintf("($1 == $3 || !valid(%d) ? NaN : $%d)", 4 + p, 4 + p)
    eval "plot data ".cells(format, 3, 1, value, experts, experts). \
      (has_room(cell, cell) ? numbers(3, 1, value, sprintf("on_balanced($%d, reach[%d])", 4 + p, p), "") : "")
  }
  unset multiplot
  unset output
}
