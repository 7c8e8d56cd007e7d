using System.Text;
using TokenHub.Core.Money;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Gateway.Tests.Rig;
using TokenHub.TestKit;
using Xunit;

namespace TokenHub.Gateway.Tests.Forwarding.Media;

/// <summary>A gateway with prices for pictures, minutes and characters, and models that are sold so.</summary>
public sealed class MediaRig : IAsyncLifetime
{
    public const string Boundary = "----form-edge";

    private int _models;

    internal GatewayRig Rig { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Rig = await GatewayRig.StartAsync(options => options with
        {
            ConnectTimeout = TimeSpan.FromMilliseconds(500),
            IdleTimeout = TimeSpan.FromSeconds(2),
        });
        Rig.Prices.AddRange(
        [
            Price("dall-*", 2) with { Image = Cents(4) },
            Price("tts-1*", 3) with { Characters = Cents(1_500) },
            Price("tts-minutes*", 4) with { AudioMinute = Cents(1) },
            Price("whisper*", 5) with { AudioMinute = Cents(6) / 10 },
            Price("gpt-image*", 6) with { Input = Cents(500), Output = Cents(4_000) },
            Price("gpt-4o-transcribe*", 7) with { Input = Cents(250), Output = Cents(1_000) },
            Price("gpt-4o-mini-tts*", 8) with { Input = Cents(60), Output = Cents(1_200) },
        ]);
    }

    public ValueTask DisposeAsync() => Rig.DisposeAsync();

    /// <summary>A model of a kind that no other test has, and its upstream.</summary>
    public async Task<(string Model, ScriptedUpstream Upstream)> AddAsync(
        string kind, Func<ChannelEntry, ChannelEntry>? change = null)
    {
        var model = $"{kind}-{Interlocked.Increment(ref _models)}";
        return (model, await Rig.AddUpstreamAsync(Provider.OpenAi, [model], change));
    }

    internal Task<GatewayRig.Caller> CallerAsync(string balance = "10") => Rig.AddCallerAsync(balance);

    /// <summary>The record of an answer, whose cost is what its price says of its usage.</summary>
    internal async Task<UsageRecord> RecordOfAsync(HttpResponseMessage response)
    {
        var record = await Rig.RecordOfAsync(response.RequestId());
        var tariff = Rig.Prices.Single(price => price.Id == record.PriceVersion).ToTariff();
        Assert.Equal(record.Outcome.IsCharged() ? TariffMath.Cost(tariff, record.Usage) : Usd.Zero, record.Cost);
        await Rig.AssertNothingHeldAsync(record.Account);
        return record;
    }

    public static byte[] Form(string model, byte[] file, params (string Name, string Value)[] fields)
    {
        using var body = new MemoryStream();
        foreach (var (name, value) in fields.Prepend(("model", model)))
        {
            body.Write(Encoding.UTF8.GetBytes(
                $"--{Boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"));
        }

        body.Write(Encoding.UTF8.GetBytes(
            $"--{Boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n"
            + "Content-Type: audio/wav\r\n\r\n"));
        body.Write(file);
        body.Write(Encoding.UTF8.GetBytes($"\r\n--{Boundary}--\r\n"));
        return body.ToArray();
    }

    /// <summary>Sound of 16,000 samples a second.</summary>
    public static byte[] Wav(int ms)
    {
        var file = new byte[44 + (32 * ms)];
        "RIFF"u8.CopyTo(file);
        "WAVEfmt \x10\0\0\0\x01\0\x01\0"u8.CopyTo(file.AsSpan(8));
        BitConverter.TryWriteBytes(file.AsSpan(24), 16_000);
        BitConverter.TryWriteBytes(file.AsSpan(28), 32_000);
        "data"u8.CopyTo(file.AsSpan(36));
        BitConverter.TryWriteBytes(file.AsSpan(40), 32 * ms);
        return file;
    }

    private static PriceEntry Price(string model, long id) => Entries.Price(model, 0, 0, id: id);

    private static long Cents(long cents) => cents * 1_000_000;
}
