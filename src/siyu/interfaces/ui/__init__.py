"""The shared face: route rules, page frame, components, styles and scripts of our own."""
