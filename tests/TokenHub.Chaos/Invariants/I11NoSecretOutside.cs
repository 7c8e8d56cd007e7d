using System.Diagnostics;
using TokenHub.Chaos.Rigs;

namespace TokenHub.Chaos.Invariants;

/// <summary>None of the planted secrets is in a log, a metric, an error, or a dump of the database.</summary>
internal sealed class I11NoSecretOutside : IInvariant
{
    private const int ShownChars = 60;

    public string Name => "I11";

    public async Task<IReadOnlyList<string>> CheckAsync(Evidence evidence)
    {
        var rig = evidence.Rig;
        var secrets = Canaries.Fixed.Concat(rig.Payers.Select(payer => payer.Key)).ToList();
        var places = rig.Gateways.Concat(rig.ControlPlanes).Select(plane => ($"log of {plane.Name}", plane.Output)).ToList();
        places.Add(("log of PostgreSQL", rig.Database.Output));
        places.Add(("dump of PostgreSQL", await DumpAsync(rig)));
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(5) };
        foreach (var gateway in rig.Gateways.Where(gateway => gateway.IsRunning))
        {
            places.Add(($"metrics of {gateway.Name}", await http.GetStringAsync(new Uri(gateway.Url + "/metrics"))));
        }

        // What a client is told is compared with all but its own key and prompt.
        var told = rig.Swarm.Receipts.Where(receipt => receipt.Status != 200).Select(receipt => receipt.Tail);
        places.Add(("an error told to a client", string.Join('\n', told)));
        return
        [
            .. places.SelectMany(place => secrets
                .Select(secret => (secret, At: place.Item2.IndexOf(secret, StringComparison.Ordinal)))
                .Where(found => found.At >= 0)
                .Select(found => $"{place.Item1} holds '{found.secret[..Math.Min(12, found.secret.Length)]}...': "
                    + place.Item2[Math.Max(0, found.At - ShownChars)..found.At])),
        ];
    }

    private static async Task<string> DumpAsync(Rig rig)
    {
        var tool = Directory.GetDirectories("/usr/lib/postgresql").Select(d => Path.Combine(d, "bin", "pg_dump")).Last(File.Exists);
        using var dump = Process.Start(new ProcessStartInfo(
            tool, ["-h", "127.0.0.1", "-p", $"{rig.Database.Port}", "-U", "tokenhub", "--data-only", rig.Database.Name])
        {
            RedirectStandardOutput = true,
        })!;
        var text = await dump.StandardOutput.ReadToEndAsync();
        await dump.WaitForExitAsync();
        return text;
    }
}
