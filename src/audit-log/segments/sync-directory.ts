import { open } from "node:fs/promises";

/** Has the names in a directory written to the disk, where the operating system can do that: Windows cannot. */
export async function syncDirectory(path: string): Promise<void> {
  try {
    const handle = await open(path, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch {
    // What it makes safe is a name: without it, a power failure leaves the file under its old one.
  }
}
