import { join } from 'node:path/posix';

/**
 * @typedef {object} LaneFolders a lane before its files are known
 * @property {string} name
 * @property {readonly string[]} folders under test/, in the order in which they run; '' is all of it
 */

/**
 * @typedef {object} Lane tests that run one after another, in a mocha process of their own
 * @property {string} name
 * @property {readonly string[]} files at least one
 */

/**
 * Gives each file to the lane that names its folder, or else the nearest folder above it. A file of
 * no lane is left out.
 *
 * @param {readonly (readonly LaneFolders[])[]} stages
 * @param {readonly string[]} files
 * @returns {readonly (readonly Lane[])[]} without empty lanes and empty stages
 */
export function planStages(stages, files) {
  const folders = stages.flat().flatMap((lane) => lane.folders);
  const folderOf = new Map(files.map((file) => [file, nearestFolder(folders, file)]));
  const filled = stages.map((lanes) =>
    lanes.map((lane) => ({
      name: lane.name,
      files: lane.folders.flatMap((folder) => files.filter((f) => folderOf.get(f) === folder)),
    })),
  );
  return filled
    .map((lanes) => lanes.filter((lane) => lane.files.length > 0))
    .filter((lanes) => lanes.length > 0);
}

/**
 * @param {readonly string[]} folders
 * @param {string} file
 * @returns {string | undefined}
 */
function nearestFolder(folders, file) {
  const above = folders.filter((folder) => file.startsWith(join('test', folder, '/')));
  return above.toSorted((a, b) => b.length - a.length)[0];
}
