// ONNX's protobuf classes, with the macros that Debian's headers of them want.
#pragma once
#if !__has_include(<onnx/onnx_pb.h>)
#error "basin/io/onnx.hpp needs ONNX's protobuf classes: install them (Debian: libonnx-dev, libprotobuf-dev)"
#endif
#ifndef ONNX_NAMESPACE
#define ONNX_NAMESPACE onnx
#endif
#ifndef ONNX_ML
#define ONNX_ML 1
#endif
#include <onnx/onnx_pb.h>  // onnx::ModelProto
