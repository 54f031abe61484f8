import { join } from 'node:path/posix';

/**
 * @typedef {object} LaneFolders a lane before its files are known
 * @property {string} name
 * @property {readonly string[]} folders under test/, in running order; '' is test/ itself
 * @property {'release' | 'backports'} [kernel] the kernel of the lab that the tests run on; default:
 *   this machine's
 * @property {string} [after] a lane before it in its stage, which must end first, if it runs
 */

/**
 * @typedef {object} Lane tests that run one after another in one mocha process
 * @property {string} name
 * @property {readonly string[]} files at least one
 * @property {'release' | 'backports'} [kernel]
 * @property {string} [after] the lane that it waits for, if that runs
 */

/**
 * Assigns each file to the lane with its folder, or with the nearest parent folder. A file without a
 * lane is omitted.
 *
 * @param {readonly (readonly LaneFolders[])[]} stages
 * @param {readonly string[]} files
 * @returns {readonly (readonly Lane[])[]} without empty lanes and empty stages
 */
export function planStages(stages, files) {
  const folders = stages.flat().flatMap((lane) => lane.folders);
  const folderOf = new Map(files.map((file) => [file, nearestFolder(folders, file)]));
  const filled = stages.map((lanes) =>
    lanes.map(({ folders: ours, ...lane }) => ({
      ...lane,
      files: ours.flatMap((folder) => files.filter((f) => folderOf.get(f) === folder)),
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
