#include "basin/instantiate/onnx.hpp"  // compiled once for all files that link basin::onnx
