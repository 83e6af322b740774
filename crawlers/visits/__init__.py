"""One visit after another to each query: complete, continuous, and going on where it was left.

`schedule` says when, `visiting` what is asked next (`reading` one page, `slices` where a site caps its results),
`checkpoint` where it was left and `stretches` what is unread, `gaps` what may be missing. `usual` knows what a source
yields, `health` is what the operator sees, `keeping` writes it; `lines` holds a source while it is listened to.
"""
