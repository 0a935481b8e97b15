# One axis of an ablation: a panel a group of tasks, a line a method and setting of the other axes.
# Columns of the data: group, curve, value, place on the axis, score, low, high; a block of lines
# (index) a curve. Methods that do not read the axis are dashed lines without points.
colour(i) = word("0x0072B2 0xD55E00 0x009E73 0xCC79A7 0xE69F00 0x56B4E9 0x000000", (i - 1) % 7 + 1) + 0
mark(i) = int(word("7 5 9 13 11 4 6", (i - 1) % 7 + 1))
left = 58
top = 86
tall = 290
gap = 56
across = max(20, min(400, 12000 / panels - gap))
line_height = 17
w = max(left + panels * across + (panels - 1) * gap + 24, 24 + 7.4 * max(strlen(heading), 0.88 * strlen(subtitle)))
h = top + tall + 70 + line_height * labels
px(x) = x / (w + 0.0)
py(y) = 1 - y / (h + 0.0)
span = place[values] - place[1]
margin = span > 0 ? 0.06 * span : 0.5
# A curve is drawn as its label says, which has one look in all panels.
line_colour(l) = !reference[l] ? colour(number[l]) : number[l] > 4 ? 0xA0A0A0 : 0x505050
dash(l) = reference[l] ? (number[l] - 1) % 4 + 2 : 1
width(l) = reference[l] ? 1.1 : 1.5
points(l) = reference[l] ? 0 : mark(number[l])
size(l) = reference[l] ? 0 : 0.7
lines = sum [l=1:labels] (reference[l] ? 0 : 1)
# Curves stand a little apart, so that the bars of their intervals can be told from each other.
aside(l) = reference[l] ? 0 : 0.008 * (span > 0 ? span : 1) * (number[l] - 0.5 * (lines + 1))

do for [format in "png svg"] {
  eval terminal(format, w, h)
  set output figure.".".format
  set multiplot
  set border 3
  set xrange [place[1] - margin:place[values] + margin]
  set yrange [bottom:ceiling]
  set xtics () font "sans,10"
  do for [v=1:values] { set xtics add (value[v] place[v]) }
  set ytics font "sans,10"
  set grid ytics linecolor rgb "#E6E6E6" linetype 1 linewidth 0.6
  set label 1 heading at screen px(12),py(20) font "sans Bold,13" textcolor rgb "#202020"
  set label 2 subtitle at screen px(12),py(40) textcolor rgb "#505050"
  do for [p=1:panels] {
    x0 = left + (p - 1) * (across + gap)
    set lmargin at screen px(x0)
    set rmargin at screen px(x0 + across)
    set tmargin at screen py(top)
    set bmargin at screen py(top + tall)
    set label 3 panel[p] at screen px(x0), py(top - 16) font "sans Bold,11" textcolor rgb "#202020"
    set xlabel axis font "sans,10" textcolor rgb "#202020"
    if (p == 1) { set ylabel "percent" font "sans,10" textcolor rgb "#202020" } else { unset ylabel }
    if (p == 1) {
      set key at screen px(x0), py(top + tall + 52) left top Left reverse vertical maxcols 1 samplen 2.6 \
        spacing 1.15 font "sans,10" textcolor rgb "#202020" noenhanced
    } else {
      unset key
    }
    plot for [i=first[p] + 1:first[p + 1]] data index i - 1 \
        using ($4 + aside(of[i])):(reference[of[i]] ? NaN : $5):6:7 with yerrorbars \
        linecolor rgb line_colour(of[i]) linewidth 0.8 pointtype 0 notitle, \
      for [i=first[p] + 1:first[p + 1]] "" index i - 1 using ($4 + aside(of[i])):5 with linespoints \
        linecolor rgb line_colour(of[i]) dashtype dash(of[i]) linewidth width(of[i]) \
        pointtype points(of[i]) pointsize size(of[i]) notitle, \
      for [l=1:labels] keyentry with linespoints linecolor rgb line_colour(l) dashtype dash(l) \
        linewidth width(l) pointtype points(l) pointsize size(l) title label[l]
    unset label 1
    unset label 2
  }
  unset label 3
  unset multiplot
  unset output
}
