# A page of tokens of one item, the encoder's first, down the side, and experts across; long pages in
# columns beside each other. Columns of the data: row, stack, token, column, expert, weight.
columns = int(ceil(rows / (column_rows + 0.0)))
cell_w = experts > 30 ? 800.0 / experts : experts > 14 ? 18 : columns > 1 ? 26 : 34
cell_h = max(columns > 1 ? 13 : 15, 120.0 / rows)
left = 80 + 6 * token_longest
bottom = 20 + 5.7 * expert_longest
top = 62
wide = cell_w * experts
tall = cell_h * column_rows
column_x(c) = left + (c - 1) * (left + wide)
w = max(column_x(columns) + wide + 92, title_width)
h = top + tall + bottom
step_x = stride(experts, cell_w)
step_y = stride(rows, cell_h)
px(x) = x / (w + 0.0)
py(y) = 1 - y / (h + 0.0)

do for [format in "png svg"] {
  eval terminal(format, w, h)
  set output figure.".".format
  set multiplot
  set xrange [-0.5:experts - 0.5]
  do for [c=1:columns] {
    from = first + (c - 1) * column_rows
    last = min(from + column_rows, first + rows) - 1
    set label 1 (c == 1 ? heading : "") at screen px(12),py(20) font "sans Bold,13" textcolor rgb "#202020"
    set label 2 (c == 1 ? subtitle : "") at screen px(12),py(40) textcolor rgb "#505050"
    set lmargin at screen px(column_x(c))
    set rmargin at screen px(column_x(c) + wide)
    set tmargin at screen py(top)
    set bmargin at screen py(top + cell_h * (last - from + 1))
    set yrange [last + 0.5:from - 0.5]
    set xtics () rotate by 90 right font "sans,9"
    do for [i=1:experts:step_x] { set xtics add (expert[i] i - 1) }
    set ytics ("" -9) font "sans,9"
    do for [i=from:last:step_y] { set ytics add (token[i - first + 1] i) }
    x0 = column_x(c) - left + 14
    set label 3 (from < encoder ? "encoder" : "decoder") at screen px(x0), first from font "sans,10" \
      textcolor rgb "#505050"
    if (from < encoder && encoder <= last) {
      set label 4 "decoder" at screen px(x0), first encoder font "sans,10" textcolor rgb "#505050"
      set arrow 1 from graph 0, first encoder - 0.5 to graph 1, first encoder - 0.5 nohead front \
        linecolor rgb "white" linewidth 2
      set arrow 2 from screen px(x0), first encoder - 0.5 to graph 0, first encoder - 0.5 nohead \
        linecolor rgb "#909090" linewidth 0.8
    }
    eval sequential
    set cblabel "planned weight" font "sans,10" textcolor rgb "#202020"
    set colorbox user origin screen px(column_x(c) + wide + 14), py(top + min(tall, 260)) \
      size screen 14.0 / w, min(tall, 260) / (h + 0.0)
    if (c < columns) { unset colorbox }
    # The head of the data counts as a point.
    part = sprintf("every ::%d::%d ", (from - first) * experts + 1, (last - first + 1) * experts)
    eval "plot data ".part.cells(format, 4, 1, "max(0, $6)", experts, last - from + 1). \
      (has_room(cell_w, cell_h) ? numbers(4, 1, "$6", "on_sequential($6)", part) : "")
    unset label 4
    unset arrow
  }
  unset multiplot
  unset output
}
