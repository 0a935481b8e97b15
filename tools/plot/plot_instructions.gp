# Name x name, how alike the instructions of the two are; on the diagonal those of one name, where it has
# several. Columns of the data: row, name, column, other, cosine, alike. A frame is around the name that a
# row's cannot be told from.
cell = names <= 24 ? max(30, 120.0 / names) : names <= 60 ? 14 : 800.0 / names
left = 24 + 5.7 * name_longest
bottom = 20 + 5.7 * name_longest
top = 62
wide = cell * names
w = max(left + wide + 92, title_width)
h = top + wide + bottom
step = stride(names, cell)
px(x) = x / (w + 0.0)
py(y) = 1 - y / (h + 0.0)
# A heat map needs every cell: a blank one is a number that is none, not a point that is missing. A label
# of such a column is its text, unless that is looked at.
set datafile missing

do for [format in "png svg"] {
  eval terminal(format, w, h)
  set output figure.".".format
  set label 1 heading at screen px(12),py(20) font "sans Bold,13" textcolor rgb "#202020"
  set label 2 subtitle at screen px(12),py(40) textcolor rgb "#505050"
  set lmargin at screen px(left)
  set rmargin at screen px(left + wide)
  set tmargin at screen py(top)
  set bmargin at screen py(top + wide)
  set xrange [-0.5:names - 0.5]
  set yrange [names - 0.5:-0.5]
  set xtics () rotate by 90 right font "sans,9"
  set ytics () font "sans,9"
  do for [i=1:names:step] { set xtics add (name[i] i - 1); set ytics add (name[i] i - 1) }
  do for [i=1:names] { if (alike[i] >= 0) { eval frame_on_balanced(2 * i, alike[i], i - 1, "solid") } }
  eval balanced(reach)
  set cblabel "mean cosine" font "sans,10" textcolor rgb "#202020"
  set colorbox user origin screen px(left + wide + 14), py(top + min(wide, 260)) \
    size screen 14.0 / w, min(wide, 260) / (h + 0.0)
  set object 1 rectangle from graph 0,0 to graph 1,1 behind fillcolor rgb "#D8D8D8" fillstyle solid noborder
  eval "plot data ".cells(format, 3, 1, "$5", names, names). \
    (has_room(cell, cell) ? numbers(3, 1, "(valid(5) ? $5 : NaN)", "on_balanced($5, reach)", "") : "")
  unset output
}
