# Score against cost: a panel a group of tasks, a point a method with its interval, and a line through
# the front. Columns of the data: group, method, cost, score, low, high, front, sees_labels, x (the
# place of the cost on the axis), name_from or name_to (where the name begins or ends), name_y. Blocks
# of lines (index): the points of a group, and those of its front again.
left = 62
top = 86
gap = 62
columns = panels <= 2 ? panels : panels <= 4 ? 2 : 3
lines = int(ceil(panels / (columns + 0.0)))
pitch = tall + 92
w = max(left + columns * (across + gap) - gap + 24, title_width)
h = top + pitch * lines - 18
px(x) = x / (w + 0.0)
py(y) = 1 - y / (h + 0.0)
# A straight axis is in the units of its title.
unit = tics > 0 ? 1.0 : scale
colour(front, sees_labels) = sees_labels > 0 ? 0xB0B0B0 : front > 0 ? 0x0072B2 : 0x56B4E9
# A name that stands apart is tied to its point.
far(x, y, name_x, name_y) = name_x == name_x && \
  sqrt(((name_x - x) / (x_high - x_low) * across)**2 + ((name_y - y) / (y_high - y_low) * tall)**2) > 16
brief(s) = strlen(s) <= most ? s : s[1:most / 2]."…".s[strlen(s) - most / 2 + 2:*]

do for [format in "png svg"] {
  eval terminal(format, w, h)
  set output figure.".".format
  set multiplot
  set border 3
  set xrange [x_low / unit:x_high / unit]
  set yrange [y_low:y_high]
  if (tics > 0) {
    set xtics () font "sans,9"
    do for [t=1:tics] { set xtics add (sprintf("%g", tic[t]) tic_at[t]) }
  } else {
    set xtics font "sans,9"
  }
  set ytics font "sans,9"
  set grid xtics ytics linecolor rgb "#E6E6E6" linetype 1 linewidth 0.6
  set label 1 heading at screen px(12),py(20) font "sans Bold,13" textcolor rgb "#202020"
  set label 2 subtitle at screen px(12),py(40) textcolor rgb "#505050"
  do for [p=1:panels] {
    x0 = left + ((p - 1) % columns) * (across + gap)
    y0 = top + int((p - 1) / columns) * pitch
    set lmargin at screen px(x0)
    set rmargin at screen px(x0 + across)
    set tmargin at screen py(y0)
    set bmargin at screen py(y0 + tall)
    set label 3 panel[p] at screen px(x0), py(y0 - 14) font "sans Bold,11" textcolor rgb "#202020"
    set xlabel axis font "sans,10" textcolor rgb "#202020"
    if ((p - 1) % columns == 0) { set ylabel "percent" font "sans,10" textcolor rgb "#202020" } \
    else { unset ylabel }
    points = 2 * p - 2
    front = 2 * p - 1
    if (rises) {
      plot data index front using ($9 / unit):4 with fsteps linecolor rgb "#0072B2" linewidth 1.2
    } else {
      plot data index front using ($9 / unit):4 with steps linecolor rgb "#0072B2" linewidth 1.2
    }
    unset grid
    unset label 1
    unset label 2
    unset label 3
    plot for [c=10:11] data index points using ($9 / unit):(far($9, $4, column(c), $12) ? $4 : NaN):\
        ((column(c) - $9) / unit):($12 - $4) with vectors nohead linecolor rgb "#C8C8C8" linewidth 0.6, \
      "" index points using ($9 / unit):4:5:6:(colour($7, $8)) with yerrorbars \
        linecolor rgb variable linewidth 0.9 pointtype 0, \
      "" index points using ($9 / unit):4:(colour($7, $8)) with points pointtype 7 pointsize 0.8 \
        linecolor rgb variable, \
      "" index points using ($10 / unit):12:(brief(strcol(2))) with labels left \
        font "sans,9" textcolor rgb "#202020", \
      "" index points using ($11 / unit):12:(brief(strcol(2))) with labels right \
        font "sans,9" textcolor rgb "#202020"
    set grid xtics ytics linecolor rgb "#E6E6E6" linetype 1 linewidth 0.6
  }
  unset multiplot
  unset output
}
