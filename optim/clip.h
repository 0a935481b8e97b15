/* clip: clipping by global norm, as torch.nn.utils.clip_grad_norm_. */
#ifndef SKEIN_CLIP_H
#define SKEIN_CLIP_H

/* min(1, max_norm / (norm + 1e-6)); 1 when max_norm is 0 (clipping off). NaN gives NaN. */
float clip_factor(double norm, double max_norm);

#endif
