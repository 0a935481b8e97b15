/* objective_joint: the gates of all experts of a pool learnt together, through the router.
 *
 * The model is the routed one (autograd/op/routed.h): every linear adds gates.top_k experts of each
 * token, weighed by the softmax of LN(u) . LN(v) / sqrt(d). What is learnt are the v of all experts,
 * from where the pool has them; base and experts are frozen. The loss is that of the targets: an
 * expert's gate learns to be open where its update lowers the loss below what the others of the token
 * make of it. Which experts a token goes to is a constant of the step. */
#ifndef SKEIN_OBJECTIVE_JOINT_H
#define SKEIN_OBJECTIVE_JOINT_H

#include "train/objective.h"

/* Its settings are GatesSettings. */
extern const ObjectiveKind objective_joint;

#endif
