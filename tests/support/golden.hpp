// Reads the golden numbers that tests/golden/make_golden.py wrote to tests/data/golden/.
#pragma once
#include <fstream>    // std::ifstream
#include <map>        // std::map
#include <sstream>    // std::istringstream
#include <stdexcept>  // std::runtime_error
#include <string>     // std::string

#include "basin/core/types.hpp"  // Mat, Index

/// The arrays of one file by name: Golden("losses")["y"]. A missing file, array or number is an error.
class Golden {
 public:
  /// BASIN_GOLDEN_DIR (with a slash at its end), else the folder beside this file's.
  static std::string folder() {
#ifdef BASIN_GOLDEN_DIR
    return BASIN_GOLDEN_DIR;
#else
    const std::string here = __FILE__;
    return here.substr(0, here.rfind("support")) + "data/golden/";
#endif
  }

  explicit Golden(const std::string& file) : path_(folder() + file + ".txt") {
    std::ifstream in(path_);
    if (!in) throw std::runtime_error("golden: cannot open " + path_);
    for (std::string line; std::getline(in, line);) {
      if (line.empty() || line[0] == '#') continue;
      std::istringstream head(line);
      std::string name;
      basin::Index rows = 0, cols = 0;
      if (!(head >> name >> rows >> cols)) fail("\"" + line + "\" is not \"name rows cols\"");
      basin::Mat<double> a(rows, cols);
      for (basin::Index i = 0; i < rows; ++i)
        for (basin::Index j = 0; j < cols; ++j)
          if (!(in >> a(i, j))) fail("array " + name + " ends early");
      std::getline(in, line);  // the rest of the last row
      arrays_[name] = a;
    }
  }

  const basin::Mat<double>& operator[](const std::string& name) const {
    const auto found = arrays_.find(name);
    if (found == arrays_.end()) fail("no array " + name);
    return found->second;
  }
  const std::map<std::string, basin::Mat<double>>& arrays() const { return arrays_; }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw std::runtime_error("golden: " + path_ + ": " + what);
  }

  std::string path_;
  std::map<std::string, basin::Mat<double>> arrays_;
};
