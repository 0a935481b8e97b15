/* Every differentiable operation, once. Included with OP(name) defined: the test suite expands it
 * to call gradcheck_<name>, so an operation without a gradient check does not link. */
OP(linear)
OP(rescale)
OP(rms_norm)
OP(add)
OP(act)
OP(gated_act)
OP(embedding)
OP(attention)
OP(cross_entropy)
OP(token_nll)
OP(choice_loss)
OP(recompute)
