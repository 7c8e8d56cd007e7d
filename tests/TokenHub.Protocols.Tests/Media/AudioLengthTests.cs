using TokenHub.Protocols.Media;

namespace TokenHub.Protocols.Tests.Media;

public sealed class AudioLengthTests
{
    public static TheoryData<string, byte[], long?> Files => new()
    {
        { "wav", Sounds.Wav(1234), 1234 },
        { "wav of a stream", Sounds.Wav(1234, uint.MaxValue), 1234 },
        { "wav that tells less than it has", Sounds.Wav(1234, 10), 1234 },
        { "mp3", Sounds.Mp3(100), 2613 },
        { "mp3 with tags", Sounds.Mp3(100, hasTags: true), 2613 },
        { "aac", Sounds.Adts(30), 1280 },
        { "opus", Sounds.Opus(2345), 2345 },
        { "flac", Sounds.Flac(3000), 3000 },
        { "m4a", Sounds.Mp4(4567), 4567 },
        { "m4a, long", Sounds.Mp4(4567, isLong: true), 4567 },
        { "webm", Sounds.WebM(6789), 6789 },
        { "webm as it is recorded", Sounds.WebM(null), 4321 },
        { "text", "This is no sound at all."u8.ToArray(), null },
        { "nothing", [], null },
    };

    [Theory]
    [MemberData(nameof(Files))]
    public void Length_is_read_from_the_files_own_bytes(string name, byte[] file, long? ms)
    {
        Assert.True(name.Length > 0);
        Assert.Equal(ms, AudioLength.Read(file));
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Clock_says_the_same_however_the_bytes_are_cut(string name, byte[] file, long? ms)
    {
        if (name.StartsWith("m4a", StringComparison.Ordinal) || name.StartsWith("webm", StringComparison.Ordinal))
        {
            return;
        }

        for (var size = 1; size < 50; size++)
        {
            var clock = new AudioClock();
            foreach (var piece in file.Chunk(size))
            {
                clock.Append(piece);
            }

            Assert.Equal(ms, clock.Ms);
        }
    }

    [Fact]
    public void Bare_samples_are_measured_by_their_number()
    {
        var clock = new AudioClock();
        clock.Reset(isPcm: true);
        clock.Append(new byte[48_000 * 3]);

        Assert.Equal(3000, clock.Ms);
    }

    [Fact]
    public void Files_spoilt_or_cut_anywhere_never_throw_and_are_never_endless()
    {
        var random = new Random(3);
        var files = Files.Select(row => row.Data.Item2).Where(file => file.Length > 0).ToArray();
        for (var i = 0; i < 20_000; i++)
        {
            var file = (byte[])files[random.Next(files.Length)].Clone();
            for (var spoilt = random.Next(6); spoilt > 0; spoilt--)
            {
                file[random.Next(Math.Min(file.Length, 120))] = (byte)random.Next(256);
            }

            var ms = AudioLength.Read(file.AsSpan(0, random.Next(file.Length + 1)));

            Assert.True(ms is null or > 0);
        }
    }
}
