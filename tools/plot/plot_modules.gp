# One task: module x expert. Columns of the data: row, module, stack, block, group, role, tokens,
# column, expert, value. Bands are the blocks, which begin at row band_first.
named_rows = rows <= 120
cell_w = experts <= 12 ? 40 : experts <= 45 ? 20 : 900.0 / experts
cell_h = named_rows ? max(13, 120.0 / rows) : max(min(4, 10000.0 / rows), 1240.0 / rows)
left = named_rows ? 150 : 96
bottom = 20 + 5.7 * expert_longest
top = 62
w = max(left + cell_w * experts + 104, title_width)
h = top + cell_h * rows + bottom
step = stride(experts, cell_w)
px(x) = x / (w + 0.0)
py(y) = 1 - y / (h + 0.0)

do for [format in "png svg"] {
  eval terminal(format, w, h)
  set output figure.".".format
  set label 1 heading at screen px(12),py(20) font "sans Bold,13" textcolor rgb "#202020"
  set label 2 subtitle at screen px(12),py(40) textcolor rgb "#505050"
  set lmargin at screen px(left)
  set rmargin at screen px(left + cell_w * experts)
  set tmargin at screen py(top)
  set bmargin at screen py(top + cell_h * rows)
  set xrange [-0.5:experts - 0.5]
  set yrange [rows - 0.5:-0.5]
  set xtics () rotate by 90 right font "sans,9"
  do for [i=1:experts:step] { set xtics add (expert[i] i - 1) }
  set ytics ("" -9) font "sans,8"
  if (named_rows) { do for [i=1:rows] { set ytics add (role[i] i - 1) } }
  do for [i=1:bands] {
    set label 10 + i band[i] at screen px(left - (named_rows ? 58 : 6)), \
      first 0.5 * (band_first[i] + band_first[i + 1] - 1) right font "sans,9" textcolor rgb "#202020"
    set arrow 10 + i from graph 0, first band_first[i] - 0.5 to graph 1, first band_first[i] - 0.5 \
      nohead front linecolor rgb "white" linewidth band_first[i] == stack_first ? 2.4 : 0.9
    if (i > 1) {
      set arrow 1000 + i from screen px(14), first band_first[i] - 0.5 to graph 0, first band_first[i] - 0.5 \
        nohead linecolor rgb "#909090" linewidth band_first[i] == stack_first ? 1.2 : 0.4
    }
  }
  eval sequential
  set cblabel statistic font "sans,10" textcolor rgb "#202020"
  set colorbox user origin screen px(left + cell_w * experts + 14), py(top + min(cell_h * rows, 260)) \
    size screen 14.0 / w, min(cell_h * rows, 260) / (h + 0.0)
  eval "plot data ".cells(format, 8, 1, "$10", experts, rows). \
    (has_room(cell_w, cell_h) ? numbers(8, 1, "$10", "on_sequential($10)", "") : "")
  unset output
}
