// All of basin but io/, theory/, certify/ and what in train/ takes files (resumable_fit.hpp,
// history_table.hpp), of which you include what you need. Parts that need an optional library come along
// where its headers are installed.
#pragma once
#include "basin/check/check_layer.hpp"         // check_layer
#include "basin/compose/chain.hpp"             // Chain
#include "basin/compose/concat.hpp"            // Concat
#include "basin/compose/downsampling.hpp"      // downsampling_d1, downsampling_d2
#include "basin/compose/fully_connected.hpp"   // fully_connected
#include "basin/compose/residual.hpp"          // Residual
#include "basin/compose/stack.hpp"             // Stack
#include "basin/compose/sum.hpp"               // Sum
#include "basin/compose/u_net.hpp"             // u_net
#include "basin/core/error.hpp"                // FileError, require
#include "basin/core/layer.hpp"                // Layer
#include "basin/core/model.hpp"                // Model
#include "basin/core/parallel.hpp"             // set_num_threads
#include "basin/core/param_blocks.hpp"         // ParamBlock, param_blocks
#include "basin/core/random.hpp"               // Random
#include "basin/core/statistics.hpp"           // quantile, median, rank_correlation, wilson_interval
#include "basin/core/types.hpp"                // Index, Mat, Vec
#include "basin/data/cifar10.hpp"              // read_cifar10
#include "basin/data/grid.hpp"                 // bounding_grid
#include "basin/data/idx.hpp"                  // read_idx_images
#include "basin/data/start_distribution.hpp"   // uniform_box, normal_everywhere, around_examples
#include "basin/data/starts.hpp"               // noise and white squares
#include "basin/data/swiss_roll.hpp"           // swiss_roll
#include "basin/dynamics/attractors.hpp"       // Attractor, attractors_of
#include "basin/dynamics/basin_boundary.hpp"   // basin_entropy, uncertainty_exponent, wada_test
#include "basin/dynamics/basin_fractions.hpp"  // basin_fractions
#include "basin/dynamics/basin_map.hpp"        // basin_map
#include "basin/dynamics/basin_radius.hpp"     // basin_radii, noise_tolerance
#include "basin/dynamics/basins.hpp"           // nearest, nearest_within, recovery
#include "basin/dynamics/bottleneck.hpp"       // bottleneck_spectrum
#include "basin/dynamics/continuation.hpp"     // continue_fixed_points, example_histories
#include "basin/dynamics/cycle.hpp"            // periods, next_in_cycle
#include "basin/dynamics/cycles.hpp"           // refine_cycle, find_cycles
#include "basin/dynamics/edge_state.hpp"       // edge_state
#include "basin/dynamics/fixed_point.hpp"      // find_fixed_point, classify_fixed_point
#include "basin/dynamics/fixed_points.hpp"     // find_fixed_points, census, richness
#include "basin/dynamics/follow.hpp"           // follow_fixed_point
#include "basin/dynamics/growth.hpp"           // growth_at_infinity
#include "basin/dynamics/jacobian.hpp"         // jacobian, jacobian_factors
#include "basin/dynamics/lyapunov.hpp"         // lyapunov_spectrum
#include "basin/dynamics/measured_ball.hpp"    // measured_ball, measure_balls
#include "basin/dynamics/memory.hpp"           // orbit_memory, jacobian_memory
#include "basin/dynamics/orbit.hpp"            // orbit
#include "basin/dynamics/rank.hpp"             // numerical_rank
#include "basin/dynamics/recall.hpp"           // recall
#include "basin/dynamics/singular_values.hpp"  // singular_values
#include "basin/dynamics/slice.hpp"            // plane_through, basin_slice
#include "basin/dynamics/smallest_shock.hpp"   // smallest_shock
#include "basin/dynamics/spectrum.hpp"         // eigenvalues, spectral_radius
#include "basin/dynamics/stability.hpp"        // linear_stability
#include "basin/layers/affine.hpp"             // Affine
#include "basin/layers/channel_affine.hpp"     // ChannelAffine, fold_batch_norm
#include "basin/layers/conv1d.hpp"             // conv1d, conv_transpose1d, max_pool1d, avg_pool1d
#include "basin/layers/conv2d.hpp"             // Conv2d
#include "basin/layers/conv_transpose2d.hpp"   // ConvTranspose2d
#include "basin/layers/dense.hpp"              // Dense
#include "basin/layers/maps.hpp"               // Relu, Tanh, ...
#include "basin/layers/normalization.hpp"      // GroupNorm, instance_norm, LayerNorm, RmsNorm
#include "basin/layers/pad.hpp"                // Crop2d, Pad2d
#include "basin/layers/pixel_shuffle.hpp"      // PixelShuffle, PixelUnshuffle
#include "basin/layers/pointwise.hpp"          // Pointwise
#include "basin/layers/pool.hpp"               // AvgPool2d, MaxPool2d
#include "basin/layers/prelu.hpp"              // PRelu
#include "basin/layers/rearrange.hpp"          // Rearrange
#include "basin/layers/softmax.hpp"            // LogSoftmax, Softmax
#include "basin/layers/upsample.hpp"           // UpsampleNearest
#include "basin/layers/upsample_linear.hpp"    // UpsampleLinear, AdaptiveAvgPool2d
#include "basin/linearize/algorithms.hpp"      // create_filter_matrix, create_upsampling_matrix
#include "basin/linearize/linearize.hpp"       // linearize_dense, linearize_sparse, linearize, linearize_at
#include "basin/linearize/region.hpp"          // active_region
#include "basin/linearize/structure.hpp"       // forced_zeros, heuristic_depth
#include "basin/network/branches.hpp"          // BranchSum, BranchConcat
#include "basin/network/erased.hpp"            // erased
#include "basin/network/fold.hpp"              // folded
#include "basin/network/sequence.hpp"          // AnyLayer, Sequence
#include "basin/train/contractive.hpp"         // Contractive
#include "basin/train/fit.hpp"                 // fit
#include "basin/train/initial.hpp"             // initial_values
#include "basin/train/memory.hpp"              // training_memory
#include "basin/train/optimizers.hpp"          // Adam, GradientDescent, ...
#include "basin/train/parameter_mean.hpp"      // ParameterMean
#include "basin/train/schedule.hpp"            // schedule::step_decay, ...
#include "basin/train/snapshots.hpp"           // keep_snapshots, geometric_epochs
#include "basin/train/validation.hpp"          // validation_loss
#include "basin/version.hpp"                   // BASIN_VERSION_MAJOR
#if __has_include(<Spectra/GenEigsSolver.h>)
#include "basin/dynamics/leading.hpp"  // leading_eigenvalues
#endif
