using System.Text.Json;
using TokenHub.Core.Keys;
using TokenHub.Core.Snapshots;
using TokenHub.Gateway.Planes;
using TokenHub.Gateway.Routing;

namespace TokenHub.Gateway.Snapshots;

/// <summary>
/// Follows the control plane's snapshot by a long poll and keeps the last one on disk, so that a gateway starts and
/// serves while the control plane is away. Credentials in it stay sealed.
/// </summary>
internal sealed class SnapshotRefresher(
    PlaneClient plane, SnapshotHolder holder, SecretBox box, ChannelLives lives, string folder)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);
    private readonly string _path = Path.Combine(folder, "snapshot.json");

    /// <summary>Loads the snapshot a former process kept, if there is a readable one.</summary>
    public async Task LoadFromDiskAsync(CancellationToken cancel)
    {
        if (!File.Exists(_path))
        {
            return;
        }

        try
        {
            Apply(await File.ReadAllBytesAsync(_path, cancel));
        }
        catch (JsonException)
        {
            // A file cut short by a crash: the control plane has the real one.
            File.Delete(_path);
        }
    }

    public async Task RunAsync(CancellationToken cancel)
    {
        while (true)
        {
            try
            {
                await RefreshAsync(cancel);
            }
            catch (Exception error) when (error is PlaneUnavailableException or JsonException or IOException)
            {
                await Task.Delay(Pause, cancel);
            }
        }
    }

    /// <summary>One round: waits for a newer snapshot, up to 20 s, and puts it in force.</summary>
    public Task RefreshAsync(CancellationToken cancel) => FetchAsync(holder.Version, cancel);

    /// <summary>Fetches the snapshot there is now, without waiting for a newer one: for the start.</summary>
    public Task FetchNowAsync(CancellationToken cancel) => FetchAsync(after: 0, cancel);

    private async Task FetchAsync(long after, CancellationToken cancel)
    {
        if (await plane.GetSnapshotAsync(after, cancel) is not { } bytes)
        {
            return;
        }

        // The table is built and the file written on the thread pool, never on a socket's thread.
        await Task.Run(
            async () =>
            {
                Apply(bytes);
                var temporary = _path + ".new";
                await File.WriteAllBytesAsync(temporary, bytes, cancel);
                File.Move(temporary, _path, overwrite: true);
            },
            cancel);
    }

    private void Apply(byte[] bytes)
    {
        var snapshot = JsonSerializer.Deserialize(bytes, SnapshotJsonContext.Default.Snapshot)
            ?? throw new JsonException("The snapshot was null.");
        holder.Set(RouteTable.Build(snapshot, box, lives));
    }
}
