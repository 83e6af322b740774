// Keeps the style sheet of the frame in place; draws nothing.
export default function () {}
