using System.Buffers;
using System.Threading.Channels;
using TokenHub.Gateway.Planes;
using TokenHub.Gateway.Settlement.Log;

namespace TokenHub.Gateway.Settlement;

/// <summary>
/// Sends the log to the control plane in batches, in order, and forgets what it has acknowledged. Anything not
/// acknowledged is sent again, after a restart too: the ledger counts each request once.
/// </summary>
public sealed class UsageShipper(LogFiles files, PlaneClient plane)
{
    // A batch costs some hundred microseconds of processor time however little is in it. The ledger may be a second
    // behind; a tenth of that lets a quiet gateway send tens of records at once.
    private static readonly TimeSpan Linger = TimeSpan.FromMilliseconds(70);

    // Redis settles first, as a rule: what the ledger has had before is only dropped there, and its tokens stay taken
    // from the rates as they were estimated.
    private static readonly TimeSpan RedisFirst = TimeSpan.FromMilliseconds(30);

    private static readonly TimeSpan PauseMin = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan PauseMax = TimeSpan.FromSeconds(2);

    private readonly ArrayBufferWriter<byte> _batch = new(64 * 1024);
    private readonly LogCursor _cursor = new(files);
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { SingleReader = true, FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>Says that there is more to send. A wake given while none waits is kept.</summary>
    public void Wake() => _wake.Writer.TryWrite(true);

    public async Task RunAsync(CancellationToken cancel)
    {
        var pause = PauseMin;
        _cursor.SeekAfter(files.AckedLsn);
        while (true)
        {
            if (files.AckedLsn >= files.DurableLsn)
            {
                await _wake.Reader.ReadAsync(cancel);
                await Task.Delay(Linger, cancel);
            }

            var upTo = files.DurableLsn;
            await Task.Delay(RedisFirst, cancel);
            while (files.AckedLsn < upTo)
            {
                // File reads must not run on a socket's thread, where the answer below completes.
                await Task.Yield();
                if (await ShipBatchAsync(upTo, cancel))
                {
                    pause = PauseMin;
                    continue;
                }

                await Task.Delay(pause, cancel);
                pause = pause * 2 > PauseMax ? PauseMax : pause * 2;
            }
        }
    }

    private async Task<bool> ShipBatchAsync(long upTo, CancellationToken cancel)
    {
        _batch.ResetWrittenCount();
        if (_cursor.Fill(_batch, upTo) == 0)
        {
            // Nothing readable where records should be: look again from the last acknowledged one.
            _cursor.SeekAfter(files.AckedLsn);
            return false;
        }

        try
        {
            var receipt = await plane.ShipUsageAsync(_batch.WrittenMemory, cancel);
            await Task.Yield();
            files.Acknowledge(Math.Min(receipt.AckedLsn, _cursor.Position));
            return true;
        }
        catch (PlaneUnavailableException)
        {
            _cursor.SeekAfter(files.AckedLsn);
            return false;
        }
    }
}
