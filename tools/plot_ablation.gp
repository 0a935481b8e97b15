# One axis of an ablation: a panel a group of tasks, a line a method and setting of the other axes.
# Columns of the data: group, curve, value, place on the axis, score, low, high; a block of lines
# (index) a curve. Methods that do not read the axis are dashed lines without points.
colour(i) = word("0x0072B2 0xD55E00 0x009E73 0xCC79A7 0xE69F00 0x56B4E9 0x000000", (i - 1) % 7 + 1) + 0
mark(i) = int(word("7 5 9 13 11 4 6", (i - 1) % 7 + 1))
left = 58
top = 86
tall = 290
across = 400
gap = 56
line_height = 17
lines(p) = first[p + 1] - first[p]
most = 0
do for [p=1:panels] { most = max(most, lines(p)) }
w = max(left + panels * across + (panels - 1) * gap + 24, title_width)
h = top + tall + 62 + line_height * most
px(x) = x / (w + 0.0)
py(y) = 1 - y / (h + 0.0)
span = place[values] - place[1]
margin = span > 0 ? 0.06 * span : 0.5
# Curves count from 0 in the file, their names from 1; a line's colour is its number in its panel.
solid(i, p) = sum [j=first[p] + 1:i] (reference[j] ? 0 : 1)
dashed(i, p) = sum [j=first[p] + 1:i] (reference[j] ? 1 : 0)
dash(i, p) = reference[i] ? dashed(i, p) + 1 : 1
# Curves stand a little apart, so that the bars of their intervals can be told from each other.
aside(i, p) = reference[i] ? 0 : 0.008 * (span > 0 ? span : 1) * (solid(i, p) - 0.5 * (solid(first[p + 1], p) + 1))

do for [format in "png svg"] {
  eval terminal(format, w, h)
  set output figure.".".format.part
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
    set key at screen px(x0), py(top + tall + 44) left top Left reverse vertical maxcols 1 samplen 2.6 \
      spacing 1.15 font "sans,10" textcolor rgb "#202020" noenhanced
    if (lines(p) > 0) {
      plot for [i=first[p] + 1:first[p + 1]] data index i - 1 using ($4 + aside(i, p)):(reference[i] ? NaN : $5):6:7 with yerrorbars \
          linecolor rgb colour(solid(i, p) + reference[i]) linewidth 0.8 pointtype 0 notitle, \
        for [i=first[p] + 1:first[p + 1]] "" index i - 1 using ($4 + aside(i, p)):5 with linespoints \
          linecolor rgb (reference[i] ? 0x707070 : colour(solid(i, p))) \
          dashtype dash(i, p) linewidth (reference[i] ? 1.1 : 1.5) \
          pointtype (reference[i] ? 0 : mark(solid(i, p))) pointsize (reference[i] ? 0 : 0.7) title name[i]
    }
    unset label 1
    unset label 2
  }
  unset label 3
  unset multiplot
  unset output
}
