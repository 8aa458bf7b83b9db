// The one place where the version stands: CMake reads these three lines.
#pragma once
/// The first number of the version.
#define BASIN_VERSION_MAJOR 0
/// The second.
#define BASIN_VERSION_MINOR 1
/// The third.
#define BASIN_VERSION_PATCH 0
