"""Pictures to publish: true to scale, with bar, legend, arrow and caption, singly, six on a sheet, or as the light goes round."""
