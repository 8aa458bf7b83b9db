// Makes the calls of a list (calls.txt) of the playground's functions and prints the bits of all answers:
// numbers WORK CALLS. Its double in JavaScript is numbers.mjs.
#include <cstdint>   // std::uint64_t
#include <cstdlib>   // std::strtod
#include <cstring>   // std::memcpy
#include <fstream>   // std::ifstream
#include <iomanip>   // std::setw
#include <iostream>  // std::cout
#include <iterator>  // std::istreambuf_iterator
#include <sstream>   // std::istringstream
#include <string>    // std::string
#include <vector>    // std::vector

#include "playground/bindings.cpp"  // playground_start, ...

namespace {

constexpr std::size_t side = 28, pixels = side * side, trained_on = 100;

/// pictures.bin: parameters in float, then pictures of bytes.
struct Pictures {
  std::string bytes;
  explicit Pictures(const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    bytes.assign(std::istreambuf_iterator<char>(in), {});
  }
  std::size_t parameters() const {
    return static_cast<std::size_t>(network(pixels, {128, 7, "leaky ReLU"}).param_size());
  }
  void append_picture(std::size_t k, std::vector<double>& numbers) const {
    for (std::size_t i = 0; i < pixels; ++i)
      numbers.push_back(static_cast<unsigned char>(bytes.at(4 * parameters() + k * pixels + i)) / 255.);
  }
  std::vector<double> all() const {
    std::vector<double> numbers;
    for (std::size_t i = 0; i < parameters(); ++i) {
      float value = 0;
      std::memcpy(&value, bytes.data() + 4 * i, sizeof value);
      numbers.push_back(static_cast<double>(value));
    }
    for (std::size_t k = 0; k < trained_on; ++k) append_picture(k, numbers);
    return numbers;
  }
};

std::vector<double> input_of(const std::string& words, const Pictures& pictures) {
  std::vector<double> numbers;
  std::istringstream in(words);
  for (std::string word; in >> word;) {
    if (word == "pictures")
      numbers = pictures.all();
    else if (word.rfind("unseen:", 0) == 0)
      pictures.append_picture(trained_on + std::stoul(word.substr(7)), numbers);
    else
      numbers.push_back(std::strtod(word.c_str(), nullptr));
  }
  return numbers;
}

int call(const std::string& name, const std::vector<double>& a) {
  const auto at = [&](std::size_t k) { return static_cast<int>(a.at(k)); };
  if (name == "start") return playground_start(at(0), at(1), at(2), a.at(3));
  if (name == "train") return playground_train(a.at(0), at(1), a.at(2), a.at(3));
  if (name == "theta") return playground_theta();
  if (name == "map") return playground_map();
  if (name == "portrait") return playground_portrait(at(0));
  if (name == "attractors") return playground_attractors();
  if (name == "basins") return playground_basins(at(0), at(1), at(2), at(3));
  if (name == "orbit") return playground_orbit(at(0));
  if (name == "gallery") return playground_gallery(at(0), at(1), at(2), at(3));
  if (name == "fall") return playground_fall(at(0));
  if (name == "verdict") return playground_verdict(at(0));
  std::cerr << "numbers: no function is called '" << name << "'\n";
  return 0;
}

}  // namespace

int main(int count, char** words) {
  if (count != 3) return 2;
  const Pictures pictures(std::string(words[1]) + "/pictures.bin");
  std::ifstream calls(words[2]);
  for (std::string line; std::getline(calls, line);) {
    if (line.empty() || line[0] == '#') continue;
    line = line.substr(0, line.find('|'));
    const std::size_t colon = line.find(" : ");
    std::istringstream left(line.substr(0, colon));
    std::string name;
    left >> name;
    std::vector<double> arguments;
    for (double v = 0; left >> v;) arguments.push_back(v);
    const std::vector<double> input =
        colon == std::string::npos ? std::vector<double>{} : input_of(line.substr(colon + 3), pictures);
    std::copy(input.begin(), input.end(), playground_input(static_cast<int>(input.size())));
    if (!call(name, arguments)) {
      std::cerr << "numbers: " << line << ": " << playground_error() << "\n";
      return 1;
    }
    std::cout << std::hex << std::setfill('0');
    for (int i = 0; i < playground_answer_size(); ++i) {
      std::uint64_t bits = 0;
      std::memcpy(&bits, playground_answer() + i, sizeof bits);
      std::cout << std::setw(16) << bits;
    }
    std::cout << "\n";
  }
  return 0;
}
