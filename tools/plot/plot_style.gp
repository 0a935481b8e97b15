
# What the figures of routing share. Sizes are in pixels of the SVG; the PNG has `zoom` times as
# many.
data = figure.".tsv"
zoom = 2
max(a, b) = a > b ? a : b
min(a, b) = a < b ? a : b
title_width = 24 + max(8.4 * strlen(heading), 6.7 * strlen(subtitle))
terminal(format, w, h) = format eq "png" ? \
  sprintf('set terminal pngcairo size %d,%d font "sans,11" fontscale %g linewidth %g noenhanced', \
          w * zoom, h * zoom, zoom * 0.76, zoom) : \
  sprintf('set terminal svg size %d,%d font "sans,11" background "white" noenhanced', w, h)
viridis = "0 '#440154', 1 '#482878', 2 '#3E4989', 3 '#31688E', 4 '#26828E', 5 '#1F9E89', ". \
  "6 '#35B779', 7 '#6DCD59', 8 '#B4DE2C', 9 '#FDE725'"
diverging = "-2 '#0072B2', -1 '#7FB8DC', 0 '#FAFAFA', 1 '#F0A56E', 2 '#D55E00'"
# Colours go by the square root, or weights of large pools, which are small, would all be dark. One
# scale from 0 to `largest` serves every figure of a command.
tic_list = ""
if (exists("largest")) {
  do for [v in "0 0.001 0.002 0.005 0.01 0.02 0.05 0.1 0.2 0.5 1"] {
    if (v + 0 <= largest * 1.0001 && (v + 0 == 0 || v + 0 >= largest * 0.015)) {
      tic_list = tic_list.(strlen(tic_list) ? ", " : "").sprintf("'%s' %s", v, v)
    }
  }
}
sequential = "set palette defined (".viridis."); set nonlinear cb via sqrt(z) inverse z*z; ". \
  "set cbrange [0:largest]; set cbtics (".tic_list.") font 'sans,9'"
balanced(reach) = "set palette defined (".diverging."); unset nonlinear cb; ". \
  sprintf("set cbrange [%g:%g]; set cbtics autofreq font 'sans,9'", -reach, reach)
# The cells of a heat map, from columns x and y of the data, to be evaluated behind "plot data".
# gnuplot draws no image of one row or column; boxes, which it does, have seams where cells do not
# end on a pixel.
cells(format, x, y, value, columns, rows) = columns > 1 && rows > 1 ? \
  sprintf("using %d:%d:(%s) with image", x, y, value).(format eq "png" ? "" : " pixels") : \
  sprintf("using %d:%d:($%d - 0.5):($%d + 0.5):($%d - 0.5):($%d + 0.5):(%s) with boxxyerror ", \
          x, y, x, x, y, y, value)."fillcolor palette fillstyle solid noborder"
# Numbers stand in cells that have room for them: to be evaluated behind cells(...), of the `part` of
# the data that these are of.
has_room(width, height) = width >= 26 && height >= 12
number(v) = v != v ? "" : abs(v) < 0.005 ? "0" : sprintf("%.2f", v)
on_sequential(v) = sqrt(max(v, 0) / largest) > 0.6 ? 0x202020 : 0xFFFFFF
on_balanced(v, reach) = abs(v) > 0.7 * reach ? 0xFFFFFF : 0x202020
numbers(x, y, value, ink, part) = \
  sprintf(", data %s using %d:%d:(number(%s)):(%s) ", part, x, y, value, ink). \
  "with labels font 'sans,8' textcolor rgb variable"
# A frame around a cell, a light and a dark line, of which one is seen on every colour. It has the tags
# `tag` and the next.
line_around(tag, x, y, colour, width, dash) = \
  sprintf("set object %d rectangle center first %d, first %d size first 0.94, first 0.92 front ", tag, x, y). \
  sprintf("fillstyle empty border linecolor rgb '%s' linewidth %g dashtype %s", colour, width, dash)
frame_on_sequential(tag, x, y, dash) = line_around(tag, x, y, "#202020", 2, "solid")."; ". \
  line_around(tag + 1, x, y, "white", 1, dash)
frame_on_balanced(tag, x, y, dash) = line_around(tag, x, y, "#FAFAFA", 2, "solid")."; ". \
  line_around(tag + 1, x, y, "#404040", 1, dash)
# Names fit beneath columns that are at least a line apart; of narrower ones every few are named.
stride(columns, width) = int(ceil(11.0 / width))
set encoding utf8
set datafile separator tab
set datafile missing "NaN"
set border linecolor rgb "#909090" linewidth 0.6
set tics nomirror out scale 0.4 textcolor rgb "#202020"
unset key
