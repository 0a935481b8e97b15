/* method_glider: the global part of GLIDER's routing. */
#ifndef SKEIN_METHOD_GLIDER_H
#define SKEIN_METHOD_GLIDER_H

typedef enum GlobalRule { GLOBAL_CONSTANT, GLOBAL_THRESHOLD } GlobalRule;

typedef struct GliderSettings {
  int over;           /* global.over: which local method it stands over */
  int rule;           /* global.rule: GlobalRule */
  double scale;       /* global.scale: of the constant rule */
  double gamma, beta; /* global.gamma, global.beta: of the threshold rule */
  double threshold;   /* global.threshold: p */
} GliderSettings;

/* GLIDER's mix: what is added to the logits of each expert for a query with these cosines
 * [experts] (Li et al. 2024, arXiv 2410.07172, section 3.3):
 *
 *   constant    bias_i = scale cos_i
 *   threshold   bias_i = alpha cos_i,  alpha = gamma 1[max_i cos_i > p] + beta */
void glider_bias(const GliderSettings *s, const double *cosine, int experts, float *bias);

#endif
