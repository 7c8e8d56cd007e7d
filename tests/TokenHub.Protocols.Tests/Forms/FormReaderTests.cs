using System.Buffers;
using System.Text;
using TokenHub.Protocols.Forms;

namespace TokenHub.Protocols.Tests.Forms;

public sealed class FormReaderTests
{
    private const string Boundary = "----edge";

    [Fact]
    public void Routed_fields_and_the_file_are_found_where_they_stand()
    {
        var body = Form(
            Field("model", "whisper-1"), Field("stream", "true"), Field("n", "3"), Field("partial_images", "2"),
            Field("prompt", "Ja"), File("file", "RIFF\r\n--" + Boundary[..5]), File("image[]", "a"), File("mask", "b"));

        Assert.True(FormReader.TryRead(body, Encoding.ASCII.GetBytes(Boundary), out var facts, out _));

        Assert.Equal("whisper-1", Encoding.UTF8.GetString(body[facts.Model]));
        Assert.Equal("RIFF\r\n--" + Boundary[..5], Encoding.UTF8.GetString(body[facts.File]));
        Assert.Equal((true, 3, 2, 2), (facts.Stream, facts.N, facts.PartialImages, facts.Files));
        Assert.Equal(2, facts.TextBytes);
    }

    [Fact]
    public void Another_name_takes_the_place_of_the_models_and_nothing_else_changes()
    {
        var body = Form(File("file", "\0\r\nbytes"), Field("model", "alias"), Field("language", "de"));
        Assert.True(FormReader.TryRead(body, Encoding.ASCII.GetBytes(Boundary), out var facts, out _));
        var written = new ArrayBufferWriter<byte>();

        FormReader.Write(body, facts, "whisper-large-v3", written);

        Assert.Equal(
            Encoding.Latin1.GetString(body).Replace("alias", "whisper-large-v3", StringComparison.Ordinal),
            Encoding.Latin1.GetString(written.WrittenSpan));
    }

    public static TheoryData<string, string> Refused => new()
    {
        { "no model", Text(Field("n", "1")) },
        { "model twice", Text(Field("model", "a"), Field("model", "b")) },
        { "model in another spelling", Text(Field("model", "a"), Field("Model", "b")) },
        { "model as a file", Text(File("model", "a")) },
        { "model encoded", Text(Field("model", "YQ==", "Content-Transfer-Encoding: base64")) },
        { "model in another alphabet", Text(Field("model", "a", "Content-Type: text/plain; charset=utf-16")) },
        { "model too long", Text(Field("model", new string('a', 129))) },
        { "model with a line end", Text(Field("model", "a\nb")) },
        { "model empty", Text(Field("model", "")) },
        { "a name with an escape", Text(Field("mod\\el", "a"), Field("model", "b")) },
        { "a name with a percent sign", Text(Field("mod%65l", "a"), Field("model", "b")) },
        { "an encoded name", Text(Part("Content-Disposition: form-data; name*=utf-8''model", "a"), Field("model", "b")) },
        { "two names", Text(Part("Content-Disposition: form-data; name=\"x\"; name=\"model\"", "a"), Field("model", "b")) },
        { "two dispositions", Text(Part("Content-Disposition: form-data; name=\"x\"\r\nContent-Disposition: form-data; name=\"model\"", "a"), Field("model", "b")) },
        { "a folded head", Text(Part("Content-Disposition: form-data;\r\n name=\"x\"", "a"), Field("model", "b")) },
        { "file twice", Text(Field("model", "a"), File("file", "1"), File("file", "2")) },
        { "stream no flag", Text(Field("model", "a"), Field("stream", "maybe")) },
        { "n no number", Text(Field("model", "a"), Field("n", "1e3")) },
        { "n too large", Text(Field("model", "a"), Field("n", "129")) },
        { "a preamble", "hello\r\n" + Text(Field("model", "a")) },
        { "an epilogue", Text(Field("model", "a")) + "more" },
        { "bare line feeds", Text(Field("model", "a")).Replace("\r\n", "\n", StringComparison.Ordinal) },
        { "no end", Text(Field("model", "a"))[..^6] },
        { "a shared line end", Text(Part("Content-Disposition: form-data; name=\"x\"", null), Field("model", "a")) },
        { "an endless head", Text(Field("model", "a", "X: " + new string('x', 5000))) },
        { "too many parts", Text([Field("model", "a"), .. Enumerable.Range(0, 64).Select(i => Field($"f{i}", "x"))]) },
        { "other after a boundary", Text(Field("model", "a")).Replace($"--{Boundary}--", $"--{Boundary}x", StringComparison.Ordinal) },
        { "nothing", "" },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    [Trait("row", "S20")]
    public void What_readers_might_understand_apart_is_refused(string name, string body)
    {
        Assert.True(name.Length > 0);
        Assert.False(FormReader.TryRead(
            Encoding.UTF8.GetBytes(body), Encoding.ASCII.GetBytes(Boundary), out _, out var fault));
        Assert.NotEmpty(fault.Message);
    }

    [Fact]
    public void Bytes_spoilt_anywhere_never_throw()
    {
        var random = new Random(11);
        var good = Form(Field("model", "whisper-1"), File("file", "RIFF"), Field("n", "2"));
        for (var i = 0; i < 50_000; i++)
        {
            var body = (byte[])good.Clone();
            for (var spoilt = random.Next(1, 5); spoilt > 0; spoilt--)
            {
                body[random.Next(body.Length)] = random.Next(3) == 0 ? (byte)"\r\n-\":;= "[random.Next(8)] : (byte)random.Next(256);
            }

            if (FormReader.TryRead(
                body.AsSpan(0, random.Next(body.Length + 1)), Encoding.ASCII.GetBytes(Boundary), out var facts, out _))
            {
                Assert.NotEqual(0, facts.Model.End.Value);
            }
        }
    }

    [Theory]
    [InlineData("multipart/form-data; boundary=abc", "abc", "multipart/form-data; boundary=abc")]
    [InlineData("Multipart/Form-Data;charset=utf-8; boundary=\"a b:c\"", "a b:c", "multipart/form-data; boundary=\"a b:c\"")]
    [InlineData("multipart/form-data", null, null)]
    [InlineData("multipart/form-data; boundary=", null, null)]
    [InlineData("multipart/form-data; boundary=a; boundary=b", null, null)]
    [InlineData("multipart/form-data; boundary=a; Boundary=b", null, null)]
    [InlineData("multipart/form-data; boundary*=utf-8''a; boundary=b", null, null)]
    [InlineData("multipart/form-data; boundary=\"a\\\"b\"", null, null)]
    [InlineData("multipart/form-data; boundary=\"a \"", null, null)]
    [InlineData("multipart/form-data; boundary=a{b", null, null)]
    public void Boundary_is_read_in_one_way_only(string type, string? boundary, string? goesOnAs)
    {
        Assert.True(FormBoundary.IsForm(type));
        Assert.Equal(boundary is not null, FormBoundary.TryRead(type, out var read));
        if (boundary is not null)
        {
            Assert.Equal(boundary, Encoding.ASCII.GetString(read));
            Assert.Equal(goesOnAs, FormBoundary.TypeOf(read));
        }
    }

    [Theory]
    [InlineData(70, true)]
    [InlineData(71, false)]
    public void Boundary_has_a_longest_length(int length, bool isTaken) => Assert.Equal(
        isTaken, FormBoundary.TryRead("multipart/form-data; boundary=" + new string('x', length), out _));

    private static byte[] Form(params string[] parts) => Encoding.UTF8.GetBytes(Text(parts));

    private static string Text(params string[] parts) => string.Concat(parts) + $"--{Boundary}--\r\n";

    private static string Field(string name, string value, string? header = null) =>
        Part($"Content-Disposition: form-data; name=\"{name}\"" + (header is null ? "" : "\r\n" + header), value);

    private static string File(string name, string value) => Part(
        $"Content-Disposition: form-data; name=\"{name}\"; filename=\"a \\\"b\\\"; x.wav\"\r\nContent-Type: audio/wav", value);

    private static string Part(string head, string? value) =>
        $"--{Boundary}\r\n{head}\r\n\r\n" + (value is null ? "" : value + "\r\n");
}
