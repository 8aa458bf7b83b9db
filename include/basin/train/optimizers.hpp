// All optimizers.
#pragma once
#include "basin/train/adagrad.hpp"           // Adagrad
#include "basin/train/adam.hpp"              // Adam, AdamW
#include "basin/train/gradient_descent.hpp"  // GradientDescent
#include "basin/train/rmsprop.hpp"           // RMSprop
