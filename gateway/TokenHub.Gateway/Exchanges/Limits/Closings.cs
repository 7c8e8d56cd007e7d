namespace TokenHub.Gateway.Exchanges.Limits;

/// <summary>
/// Counts, by account, requests that have ended for their caller while Redis still counts their slot: the log's sync
/// and the settlement take some milliseconds. Whoever meets a limit of concurrency meanwhile waits for those, and for
/// those alone. Thread-safe.
/// </summary>
public sealed class Closings
{
    private const int Groups = 1024;
    private const int PollMs = 5;

    // The last bytes of a stream reach their caller a moment before its end is noted here.
    private const int NoteMsMax = 20;

    // A disk that is busy for so long is no reason to refuse a caller who keeps his limit.
    private const int WaitMsMax = 1_000;

    // Accounts that share a group only wait a little for each other.
    private readonly long[] _begun = new long[Groups];
    private readonly long[] _ended = new long[Groups];

    public void Begin(long account) => Interlocked.Increment(ref _begun[account & (Groups - 1)]);

    public void End(long account) => Interlocked.Increment(ref _ended[account & (Groups - 1)]);

    /// <summary>Requests settled so far: to be read before Redis is asked, and given to the wait after it.</summary>
    public long SettledOf(long account) => Volatile.Read(ref _ended[account & (Groups - 1)]);

    /// <summary>
    /// Waits until there are more than <paramref name="settled"/>, a second at most: then asking again makes sense.
    /// False when nothing is closing, nor comes within a moment: then the limit is truly reached.
    /// </summary>
    public async Task<bool> WaitAsync(long account, long settled)
    {
        var group = account & (Groups - 1);
        for (var waited = 0; Volatile.Read(ref _ended[group]) == settled; waited += PollMs)
        {
            if (waited >= (Volatile.Read(ref _begun[group]) > settled ? WaitMsMax : NoteMsMax))
            {
                return false;
            }

            await Task.Delay(PollMs);
        }

        return true;
    }
}
