using System.Security.Cryptography;
using System.Text;
using TokenHub.Redis.Resp;

namespace TokenHub.Redis.Scripts;

/// <summary>How a script's text has to look for the server at hand.</summary>
internal enum ScriptForm
{
    /// <summary>The text alone: Garnet cannot compile a first line that begins with <c>#!</c>.</summary>
    Plain,

    /// <summary>
    /// With <c>#!lua</c> and its flags, so that Redis checks memory before the script and keys on every access.
    /// </summary>
    Flagged,
}

/// <summary>
/// One script, ready to be called by its hash or, where the server does not know it yet, by its text.
/// </summary>
public sealed class LuaScript
{
    private readonly Variant _plain;
    private readonly Variant _flagged;

    internal LuaScript(string name, int keyCount, string flags, string text)
    {
        Name = name;
        KeyCount = keyCount;
        Text = text;
        _plain = new Variant(text, keyCount);
        _flagged = new Variant($"#!lua{(flags.Length == 0 ? "" : " flags=" + flags)}\n{text}", keyCount);
    }

    public string Name { get; }

    public int KeyCount { get; }

    /// <summary>The text with its includes, without a first line of flags.</summary>
    public string Text { get; }

    /// <summary>The text as it is loaded.</summary>
    internal ReadOnlySpan<byte> Body(ScriptForm form) => Of(form).Body;

    /// <summary>Lower-case hex of the SHA-1 of the loaded text.</summary>
    internal ReadOnlySpan<byte> Hash(ScriptForm form) => Of(form).Hash;

    /// <summary><c>EVALSHA hash numberOfKeys</c> without the array's head.</summary>
    internal ReadOnlySpan<byte> EvalShaHead(ScriptForm form) => Of(form).EvalShaHead;

    /// <summary><c>EVAL text numberOfKeys</c> without the array's head.</summary>
    internal ReadOnlySpan<byte> EvalHead(ScriptForm form) => Of(form).EvalHead;

    private Variant Of(ScriptForm form) => form == ScriptForm.Plain ? _plain : _flagged;

    private sealed class Variant
    {
        public Variant(string text, int keyCount)
        {
            Body = Encoding.UTF8.GetBytes(text);

            // SHA-1 is how Redis names scripts; nothing is protected by it.
#pragma warning disable CA5350
            Hash = Encoding.ASCII.GetBytes(Convert.ToHexStringLower(SHA1.HashData(Body)));
#pragma warning restore CA5350
            EvalShaHead = Head("EVALSHA"u8, Hash, keyCount);
            EvalHead = Head("EVAL"u8, Body, keyCount);
        }

        public byte[] Body { get; }

        public byte[] Hash { get; }

        public byte[] EvalShaHead { get; }

        public byte[] EvalHead { get; }

        private static byte[] Head(ReadOnlySpan<byte> command, ReadOnlySpan<byte> script, int keyCount)
        {
            var buffer = new RespBuffer(script.Length + 64);
            RespWriter.Bulk(buffer, command);
            RespWriter.Bulk(buffer, script);
            RespWriter.Bulk(buffer, keyCount);
            return buffer.Span.ToArray();
        }
    }
}
