// The one place where the version stands: CMake reads these three lines.
#pragma once
#define BASIN_VERSION_MAJOR 0
#define BASIN_VERSION_MINOR 1
#define BASIN_VERSION_PATCH 0
