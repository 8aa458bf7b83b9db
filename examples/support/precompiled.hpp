// What most programs include, read once by the compiler (target_precompile_headers). Each program includes
// what it needs all the same.
#pragma once
#include "basin/compose/fully_connected.hpp"
#include "basin/core/model.hpp"
#include "basin/data/starts.hpp"
#include "basin/dynamics/basins.hpp"
#include "basin/dynamics/fixed_point.hpp"
#include "basin/dynamics/jacobian.hpp"
#include "basin/dynamics/orbit.hpp"
#include "basin/io/csv.hpp"
#include "basin/layers/conv2d.hpp"
#include "basin/train/adam.hpp"
#include "basin/train/fit.hpp"
#include "basin/train/initial.hpp"
#include "basin/train/schedule.hpp"
#include "support/program.hpp"
