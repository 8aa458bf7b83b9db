"""Runs what the Conan recipe does without Conan: python3 conan.py SOURCE CMAKE EIGEN_DIR VERSION WORK.

Conan's classes are replaced by what they do at least: files are copied, CMake is called. The package must then hold the
headers and the configuration file in the folder that the recipe names."""
import importlib.util
import pathlib
import shutil
import subprocess
import sys
import types

source, cmake, eigen_dir, version, work = sys.argv[1:]
work = pathlib.Path(work)
shutil.rmtree(work, ignore_errors=True)
sources, build, package = (work / name for name in ("sources", "build", "package"))


class Settings:
    def set_property(self, name, value):
        setattr(self, name, value)


class ConanFile:
    recipe_folder = str(pathlib.Path(source) / "cmake/conan")
    export_sources_folder = str(sources)

    def __init__(self):
        self.cpp_info = Settings()
        self.required = []

    def requires(self, name, **_):
        self.required.append(name)


class CMakeToolchain:
    last = None

    def __init__(self, _):
        self.cache_variables = {}
        CMakeToolchain.last = self

    def generate(self):
        pass


class CMakeDeps:
    def __init__(self, _):
        pass

    def generate(self):
        pass


class CMake:
    def __init__(self, _):
        pass

    def configure(self):
        options = [f"-D{name}={'ON' if value else 'OFF'}" for name, value in CMakeToolchain.last.cache_variables.items()]
        subprocess.run([cmake, "-S", sources, "-B", build, f"-DEigen3_DIR={eigen_dir}", *options], check=True)

    def install(self):
        subprocess.run([cmake, "--install", build, "--prefix", package], check=True)


def copy(_, pattern, src, dst):
    found = [p for p in pathlib.Path(src).glob(pattern.replace("/*", "/**/*")) if p.is_file()]
    assert found, f"the recipe's pattern {pattern} matches nothing"
    for path in found:
        target = pathlib.Path(dst) / path.relative_to(src)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target)


for name, what in (("conan", {"ConanFile": ConanFile}), ("conan.tools", {}), ("conan.tools.files", {"copy": copy}),
                   ("conan.tools.cmake", {"CMake": CMake, "CMakeDeps": CMakeDeps, "CMakeToolchain": CMakeToolchain})):
    sys.modules[name] = types.ModuleType(name)
    vars(sys.modules[name]).update(what)
sys.dont_write_bytecode = True
spec = importlib.util.spec_from_file_location("conanfile", pathlib.Path(ConanFile.recipe_folder) / "conanfile.py")
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)

recipe = module.Basin()
recipe.set_version()
assert recipe.version == version, f"the recipe says version {recipe.version}, expected {version}"
recipe.requirements()
assert [r.split("/")[0] for r in recipe.required] == ["eigen"], recipe.required
recipe.export_sources()
recipe.generate()
recipe.build()
recipe.package()
recipe.package_info()
for path in ["include/basin/basin.hpp", *(f"{d}/basin-config.cmake" for d in recipe.cpp_info.builddirs)]:
    assert (package / path).exists(), f"the package has no {path}"
