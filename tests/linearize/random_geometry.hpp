// Convolutions of small images with all attributes drawn at random.
#pragma once
#include "basin/core/random.hpp"
#include "basin/layers/conv2d.hpp"

struct RandomGeometry {
  basin::Shape in;
  basin::Conv2dOptions o;
};

/// One-pixel images and kernels larger than the image, though not than the padded one, are among them.
inline RandomGeometry random_geometry(basin::Random& r) {
  for (;;) {
    RandomGeometry g;
    g.o.groups = 1 + r.below(3);
    g.in = {g.o.groups * (1 + r.below(2)), 1 + r.below(6), 1 + r.below(6)};
    g.o.out_channels = g.o.groups * (1 + r.below(3));
    g.o.kernel = {1 + r.below(5), 1 + r.below(5)};
    g.o.stride = {1 + r.below(3), 1 + r.below(3)};
    g.o.dilation = {1 + r.below(2), 1 + r.below(3)};
    g.o.padding = {r.below(4), r.below(4), r.below(4), r.below(4)};
    g.o.bias = r.below(2) == 1;
    const basin::Padding& p = g.o.padding;
    if (g.in.height + p.top + p.bottom > g.o.dilation.height * (g.o.kernel.height - 1) &&
        g.in.width + p.left + p.right > g.o.dilation.width * (g.o.kernel.width - 1))
      return g;
  }
}
