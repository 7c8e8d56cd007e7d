using System.Text;
using TokenHub.Core.Requests;
using TokenHub.Redis.Resp;
using TokenHub.Redis.Scripts;

namespace TokenHub.Redis.Tests.Resp;

public sealed class RespWriterTests
{
    [Fact]
    public void Command_is_an_array_of_bulk_strings()
    {
        var call = new RespCallPool(true).Rent(null).Add("SET"u8).Add("clé").Add(-12L).Add(new byte[] { 13, 10, 0 })
            .Add(ReadOnlySpan<byte>.Empty).Add(new RequestId(0x0190_0000_0000_7abc, 0x8000_0000_0000_0001));

        Assert.Equal(
            "*6\r\n$3\r\nSET\r\n$4\r\ncl\u00c3\u00a9\r\n$3\r\n-12\r\n$3\r\n\r\n\0\r\n$0\r\n\r\n"
            + "$32\r\n0190000000007abc8000000000000001\r\n",
            Written(call));
    }

    [Fact]
    public void Script_is_called_by_hash_and_then_by_text()
    {
        var script = new LuaScript("x", 2, "no-writes", "return 1");
        var call = new RespCallPool(true).Rent(script).Add("a").Add("b").Add(7L);
        var hash = Encoding.ASCII.GetString(script.Hash(ScriptForm.Plain));
        var head = $"*6\r\n$7\r\nEVALSHA\r\n$40\r\n{hash}\r\n$1\r\n2\r\n";
        const string Tail = "$1\r\na\r\n$1\r\nb\r\n$1\r\n7\r\n";

        Assert.Equal(head + Tail, Written(call));
        call.SendsText = true;
        Assert.Equal("*6\r\n$4\r\nEVAL\r\n$8\r\nreturn 1\r\n$1\r\n2\r\n" + Tail, Written(call));
        Assert.Equal(
            "*6\r\n$4\r\nEVAL\r\n$30\r\n#!lua flags=no-writes\nreturn 1\r\n$1\r\n2\r\n" + Tail,
            Written(call, ScriptForm.Flagged));
    }

    [Theory]
    [InlineData(long.MinValue)]
    [InlineData(long.MaxValue)]
    [InlineData(0)]
    public void Numbers_of_any_size_are_written_as_text(long value)
    {
        var call = new RespCallPool(true).Rent(null).Add(value);

        Assert.Equal($"*1\r\n${$"{value}".Length}\r\n{value}\r\n", Written(call));
    }

    [Fact]
    public void Large_arguments_grow_the_buffer_and_it_shrinks_again()
    {
        var pool = new RespCallPool(true);
        var call = pool.Rent(null).Add(new byte[1 << 20]);

        Assert.Equal((1 << 20) + 16, Written(call).Length);
        call.Abandon();
        Assert.Same(call, pool.Rent(null));
        Assert.Equal("*0\r\n", Written(call));
    }

    private static string Written(RespCall call, ScriptForm form = ScriptForm.Plain)
    {
        var buffer = new RespBuffer(8);
        call.WriteTo(buffer, form);
        return Encoding.Latin1.GetString(buffer.Span);
    }
}
