// What this person wrote and got, in a database of the page: the library forgets a message once it has come to its end
// and the application knows.

const result = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

const STORE = 'messages';

/** Opens the history of a person. A message that is put twice under one key stands there once. */
export const openHistory = async (me) => {
  const opening = indexedDB.open(`browser-chat-history:${me}`, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(STORE, { keyPath: 'key' });
  const database = await result(opening);

  /** Resolves when it is stored. */
  const change = (work) =>
    new Promise((resolve, reject) => {
      const transaction = database.transaction(STORE, 'readwrite');
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error);
      work(transaction.objectStore(STORE));
    });

  return {
    /** In the order of time. */
    with: async (peer) => {
      const all = await result(database.transaction(STORE).objectStore(STORE).getAll());
      return all.filter((entry) => entry.peer === peer).sort((a, b) => a.at - b.at);
    },
    put: (entry) => change((store) => store.put(entry)),
    /** Puts it unless it is there: a message that came again after a crash keeps its place. */
    putOnce: (entry) =>
      change((store) => {
        const asked = store.getKey(entry.key);
        asked.onsuccess = () => asked.result ?? store.put(entry);
      }),
    update: (key, changes) =>
      change((store) => {
        const asked = store.get(key);
        asked.onsuccess = () => asked.result && store.put({ ...asked.result, ...changes });
      }),
  };
};
