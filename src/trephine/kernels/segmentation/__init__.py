"""Split an image into regions: shading, boundaries, mixtures of tissues, tubes, meshes."""
